"""OpenSSL, whose DANE is that of Postfix and Exim, judges the same records and chains in the same way."""

import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256, sha512
from itertools import product
from pathlib import Path

import pytest

from hauberk.lab.pki import CertificateSpec, Issued, Pki
from hauberk.protocols import dane
from hauberk.protocols.dane import Match, Tlsa
from hauberk.protocols.x509 import spki

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")
AT = datetime.now(UTC).replace(microsecond=0)
HOST = "mx.example.com"
PKI = Pki(AT)
OTHER = PKI.issue(CertificateSpec(("other.example",))).chain[0]
SPECS = {
    "good": CertificateSpec((HOST,)),
    "leaf-only": CertificateSpec((HOST,), chain="leaf-only"),
    "expired": CertificateSpec((HOST,), days_left=-3),
    "wrong-name": CertificateSpec(("other.example",)),
    "self-signed": CertificateSpec((HOST,), issuer="self"),
}


def tlsa(usage: int, selector: int, matching: int, certificate: bytes) -> Tlsa:
    presented = certificate if selector == 0 else spki(certificate)
    assert isinstance(presented, bytes)
    return Tlsa(usage, selector, matching, (presented, sha256(presented).digest(), sha512(presented).digest())[matching])


def single_records(issued: Issued) -> Iterator[tuple[Tlsa, ...]]:
    for usage, selector, matching in product((2, 3), (0, 1), (0, 1)):
        for certificate in (issued.chain[0], issued.chain[-1]):
            yield (tlsa(usage, selector, matching, certificate),)


def further_sets(issued: Issued) -> Iterator[tuple[Tlsa, ...]]:
    """SHA-512, an authority that is never sent, and which digest counts where several are there."""
    leaf = issued.chain[0]
    for certificate in (leaf, issued.chain[-1], PKI.anchor):
        yield (tlsa(2, 1, 2, certificate),)
        yield (tlsa(3, 0, 2, certificate),)
    yield (tlsa(2, 0, 0, PKI.anchor),)
    yield (tlsa(2, 1, 0, PKI.anchor),)
    yield tlsa(3, 1, 1, leaf), tlsa(3, 1, 2, OTHER)
    yield tlsa(3, 1, 1, OTHER), tlsa(3, 1, 2, leaf)
    yield tlsa(3, 1, 1, leaf), tlsa(3, 0, 2, OTHER)
    yield tlsa(3, 1, 0, leaf), tlsa(3, 1, 2, OTHER)
    yield tlsa(2, 1, 1, OTHER), tlsa(3, 1, 1, leaf)


@contextmanager
def served(issued: Issued, folder: Path) -> Generator[int]:
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(issued.chain_pem)
    key.write_bytes(issued.key_pem)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", chain, "-cert_chain", chain, "-key", key, "-quiet"]
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=silent, stderr=silent) as server:
        try:
            wait_for(port)
            yield port
        finally:
            server.kill()


def wait_for(port: int) -> None:
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return


def openssl_accepts(port: int, records: tuple[Tlsa, ...]) -> bool:
    data = [argument for record in records for argument in ("-dane_tlsa_rrdata", dane.render(record))]
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-brief", "-dane_tlsa_domain", HOST, "-dane_ee_no_namechecks", *data]
    done = subprocess.run(command, input=b"Q\n", capture_output=True, timeout=20, check=False)
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert "Verification" in said, said
    return "Verification: OK" in said


@pytest.mark.parametrize("name", SPECS)
def test_openssl_agrees(name: str, tmp_path: Path) -> None:
    issued = PKI.issue(SPECS[name])
    with served(issued, tmp_path) as port:
        further = further_sets(issued) if name == "good" else ()
        for records in dict.fromkeys((*single_records(issued), *further)):
            found = dane.match(records, issued.chain, (HOST,), AT)
            assert (found.match is Match.MATCHED) == openssl_accepts(port, records), (records, found)
