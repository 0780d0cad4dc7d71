"""What others say of a server's TLS: sslyze, Debian's `openssl s_client` cipher by cipher, and a newer OpenSSL group by group.

Names are IANA's throughout; a chain is the SHA-256 digests of its certificates.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

from benchmarks.openssl_server import conf
from benchmarks.peers import python_with

from hauberk.protocols.tls.groups import FINITE, GROUPS, WEAK_CURVES
from hauberk.protocols.tls.registry import suite

_ROOT = Path(__file__).parents[1]
SSLYZE = "sslyze==6.3.1"
Pair: TypeAlias = tuple[str, str]  # version, suite or group
_FLAGS = {"TLSv1": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2", "TLSv1.3": "-tls1_3"}
_OPENSSL_NAMES = {"secp256r1": "prime256v1", "secp192r1": "prime192v1", "x25519": "X25519", "x448": "X448"}
_IANA_NAMES = {theirs.lower(): ours for ours, theirs in _OPENSSL_NAMES.items()}
_CANNOT = ("no cipher match", "no ciphers available", "no protocols available", "Error with command", "Call to SSL_CONF_cmd")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Server:
    """`starttls`: SMTP with STARTTLS, else TLS at once."""

    name: str
    host: str
    port: int
    starttls: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found accepted; the `asked_...` say what the oracle is able to ask, None where it asks nothing of the kind.

    Groups of an oracle that does not tell under which version carry an empty version.
    """

    source: str
    suites: frozenset[Pair] = frozenset()
    groups: frozenset[Pair] = frozenset()
    chains: frozenset[tuple[str, ...]] = frozenset()
    asked_suites: frozenset[Pair] | None = None
    asked_groups: frozenset[Pair] | None = None
    tells_chains: bool = False
    failed: tuple[str, ...] = ()


def sslyze(server: Server) -> Findings:
    command = (str(python_with(SSLYZE)), "-W", "ignore", str(_ROOT / "benchmarks/sslyze_findings.py"), server.host, str(server.port))
    done = subprocess.run((*command, "smtp" if server.starttls else "direct"), capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"sslyze: {done.stderr.strip()[-300:]}")
    said = json.loads(done.stdout.splitlines()[-1])
    return Findings(
        "sslyze",
        frozenset((version, name) for version, name in said["suites"]),
        frozenset(("", _iana(name)) for name in said["groups"]),
        frozenset(tuple(chain) for chain in said["chains"]),
        frozenset((version, name) for version, name in said["asked_suites"]),
        frozenset(("", _iana(name)) for name in said["asked_groups"]),
        tells_chains=True,
        failed=tuple(said["failed"]),
    )


def openssl(server: Server, versions: tuple[str, ...] = tuple(_FLAGS)) -> Findings:
    """Debian's `openssl s_client`: one connection for each suite in each version, for each group, and for each kind of key."""
    suites = [(version, number, name) for number, name, first in _their_suites() for version in versions if _fits(number, first, version)]
    groups = [(version, group) for version in versions if version in ("TLSv1.2", "TLSv1.3") for group in GROUPS.values()]

    def takes_suite(one: tuple[str, int, str]) -> bool | None:
        return _takes_suite(server, one[0], one[2])

    def takes_group(one: Pair) -> bool | None:
        return _takes_group(server, *one)

    with ThreadPoolExecutor(4) as pool:
        took = list(pool.map(takes_suite, suites))
        took_groups = list(pool.map(takes_group, groups))
    chains = [_chain(server, schemes) for schemes in ("RSA+SHA256:rsa_pss_rsae_sha256", "ECDSA+SHA256:ECDSA+SHA384")]
    named = [(version, suite(number).name) for version, number, _ in suites]
    return Findings(
        "openssl s_client",
        frozenset(one for one, taken in zip(named, took, strict=True) if taken),
        frozenset(one for one, taken in zip(groups, took_groups, strict=True) if taken),
        frozenset(chain for chain in chains if chain),
        frozenset(one for one, taken in zip(named, took, strict=True) if taken is not None),
        frozenset(one for one, taken in zip(groups, took_groups, strict=True) if taken is not None),
        tells_chains=True,
    )


def newer_openssl(server: Server, versions: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")) -> Findings:
    """The bundled OpenSSL as a client, group by group; it knows no STARTTLS here."""
    asked = [("TLSv1.3", GROUPS[number]) for number in GROUPS if number not in WEAK_CURVES]
    asked += [("TLSv1.2", name) for number, name in GROUPS.items() if number not in FINITE and "MLKEM" not in name]
    asked = [one for one in asked if one[0] in versions]

    def takes(one: Pair) -> bool | None:
        return _newer_takes(server, *one)

    with ThreadPoolExecutor(3) as pool:
        took = list(pool.map(takes, asked))
    return Findings(
        "OpenSSL of cryptography",
        groups=frozenset(one for one, taken in zip(asked, took, strict=True) if taken),
        asked_groups=frozenset(one for one, taken in zip(asked, took, strict=True) if taken is not None),
    )


def _iana(name: str) -> str:
    return next((ours for ours in GROUPS.values() if ours.lower() == name.lower()), _IANA_NAMES.get(name.lower(), name))


def _their_suites() -> list[tuple[int, str, str]]:
    """Number, OpenSSL's name and the version it came with, of every suite that this OpenSSL knows."""
    done = subprocess.run(("openssl", "ciphers", "-V", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"), capture_output=True, text=True, check=True)
    found = re.findall(r"0x(\w\w),0x(\w\w) - (\S+)\s+(\S+)", done.stdout)
    return [(int(high + low, 16), name, version) for high, low, name, version in found]


def _fits(number: int, first: str, version: str) -> bool:
    return (
        (version == "TLSv1.3") == (first == "TLSv1.3") and (first != "TLSv1.2" or version == "TLSv1.2") and suite(number).exchange != "PSK"
    )


def _s_client(server: Server, *options: str) -> subprocess.CompletedProcess[str]:
    start = ("-starttls", "smtp") if server.starttls else ()
    command = ("openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", server.host, *start, *options)
    return subprocess.run(
        (*command, "-legacy_server_connect"), stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=30
    )


def _taken(done: subprocess.CompletedProcess[str]) -> bool | None:
    """None when this OpenSSL could not ask."""
    said = done.stderr + done.stdout
    return True if "CONNECTION ESTABLISHED" in said else None if any(words in said for words in _CANNOT) else False


def _takes_suite(server: Server, version: str, name: str) -> bool | None:
    if version == "TLSv1.3":
        return _taken(_s_client(server, "-brief", "-tls1_3", "-ciphersuites", name, "-cipher", "DEFAULT:@SECLEVEL=0"))
    return _taken(_s_client(server, "-brief", _FLAGS[version], "-cipher", f"{name}:@SECLEVEL=0"))


def _takes_group(server: Server, version: str, group: str) -> bool | None:
    # GnuTLS chooses an ECDSA key whose curve the client lacks, and then fails: with RSA alone it does not.
    took = None
    for ciphers in ("DEFAULT",) if version == "TLSv1.3" else ("ECDHE", "ECDHE+aRSA"):
        options = ("-cipher", f"{ciphers}:@SECLEVEL=0", "-groups", _OPENSSL_NAMES.get(group, group))
        took = took or _taken(_s_client(server, "-brief", _FLAGS[version], *options))
    return took


def _chain(server: Server, schemes: str) -> tuple[str, ...]:
    done = _s_client(server, "-showcerts", "-sigalgs", schemes, "-cipher", "DEFAULT:@SECLEVEL=0")
    return tuple(sha256(b64decode(body)).hexdigest() for body in _PEM.findall(done.stdout.split("Server certificate")[0]))


def _newer_takes(server: Server, version: str, group: str) -> bool | None:
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
        file.write(conf(_OPENSSL_NAMES.get(group, group), "ECDHE"))
        file.flush()
        command = (sys.executable, "-m", "benchmarks.openssl_server", "ask", str(server.port), server.host, version)
        environment = {**os.environ, "OPENSSL_CONF": file.name}
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=_ROOT, env=environment)
    said = done.stdout.strip()
    # A group that it does not know makes it pass over the whole file: it then used another one.
    return True if _iana(said) == group else False if said == "refused" else None
