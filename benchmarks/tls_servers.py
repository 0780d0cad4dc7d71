"""TLS servers of other makes than Postfix, each a process on a high loopback port: Exim (GnuTLS), tlslite-ng, OpenSSL newer and older."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmarks.openssl_server import conf
from benchmarks.peers import folder_of, python_with

from hauberk.lab.pki import Issued
from lab.ports import free_port

_ROOT = Path(__file__).parents[1]
_TLSLITE = "tlslite-ng==0.8.2"
_SSLYZE = "sslyze==6.3.1"
_POST_QUANTUM = "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:MLKEM512:MLKEM768:MLKEM1024:X25519:P-256:P-384:ffdhe3072"
_EXIM_PACKAGES = ("exim4-daemon-light", "libidn12")
_EXIM = """
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
primary_hostname = mx.partner.test
keep_environment =
tls_advertise_hosts = *
tls_certificate = {folder}/rsa.pem : {folder}/ecdsa.pem
tls_privatekey = {folder}/rsa.key : {folder}/ecdsa.key
tls_require_ciphers = NORMAL:+VERS-TLS1.1:+VERS-TLS1.0:+3DES-CBC:+ARCFOUR-128:+AES-128-CBC:+AES-256-CBC:+CAMELLIA-256-GCM:\\
+CAMELLIA-128-GCM:+CAMELLIA-256-CBC:+CAMELLIA-128-CBC:+DHE-RSA:+SHA256:+SHA384:+SHA1:+MD5:+SIGN-RSA-SHA1:%COMPAT
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 0
smtp_connect_backlog = 100
acl_smtp_connect = accept
acl_smtp_helo = accept
"""


def write_keys(folder: Path, certificates: tuple[Issued, Issued]) -> None:
    """The files rsa.key, rsa.pem, ecdsa.key and ecdsa.pem, as an RSA and an ECDSA certificate in this order."""
    folder.chmod(0o755)
    for kind, certificate in zip(("rsa", "ecdsa"), certificates, strict=True):
        (folder / f"{kind}.key").write_bytes(certificate.key_pem)
        (folder / f"{kind}.pem").write_bytes(certificate.chain_pem)


@contextmanager
def newer_openssl(folder: Path, groups: str = _POST_QUANTUM) -> Generator[int]:
    """The OpenSSL of the `cryptography` package with post-quantum groups, TLS at once; its port."""
    (folder / "openssl.cnf").write_text(conf(groups))
    port = free_port()
    command = (sys.executable, "-m", "benchmarks.openssl_server", "serve", str(port), str(folder))
    with _running(command, port, folder, {"OPENSSL_CONF": str(folder / "openssl.cnf")}):
        yield port


@contextmanager
def tlslite(folder: Path) -> Generator[int]:
    """SSLv3 to TLS 1.3 with RC4, 3DES, NULL and MD5, TLS at once; its port. Raises `RuntimeError` when tlslite-ng cannot be had."""
    port = free_port()
    files = (str(folder / "rsa.key"), str(folder / "rsa.pem"))
    command = (str(python_with(_TLSLITE)), str(_ROOT / "benchmarks/tlslite_server.py"), str(port), *files)
    with _running(command, port, folder, {}):
        yield port


@contextmanager
def old_openssl(folder: Path) -> Generator[int]:
    """SSLv2 to TLS 1.2 with all that OpenSSL 1.0.2e knows, export suites and anonymous ones too, TLS at once; its port.

    Raises `RuntimeError` when sslyze, which brings it along, cannot be had.
    """
    port = free_port()
    files = (str(folder / "rsa.key"), str(folder / "rsa.pem"))
    command = (str(python_with(_SSLYZE)), str(_ROOT / "benchmarks/old_openssl_server.py"), str(port), *files)
    with _running(command, port, folder, {}):
        yield port


@contextmanager
def exim(folder: Path) -> Generator[int]:
    """Debian's Exim, STARTTLS on its port. Raises `RuntimeError` when it cannot be had.

    Debian installs one mail server at most, and here that is Postfix: so Exim's packages are only unpacked, and the user that it insists
    on exists in a mount namespace of its own.
    """
    if os.geteuid() != 0:
        raise RuntimeError("starting Exim needs root")
    unpacked = _unpacked()
    port = free_port()
    (folder / "exim.conf").write_text(_EXIM.format(folder=folder).lstrip())
    (folder / "passwd").write_text(Path("/etc/passwd").read_text() + "Debian-exim:x:65533:65533::/:/usr/sbin/nologin\n")
    (folder / "group").write_text(Path("/etc/group").read_text() + "Debian-exim:x:65533:\n")
    for part in ("spool", "log"):
        (folder / part).mkdir()
        os.chown(folder / part, 65533, 65533)
    for kind in ("rsa", "ecdsa"):
        os.chown(folder / f"{kind}.key", 65533, 65533)
    program = f"{unpacked}/usr/sbin/exim4 -C {folder}/exim.conf -bdf -oX 127.0.0.1.{port} -oP {folder}/pid"
    script = f"mount --bind {folder}/passwd /etc/passwd && mount --bind {folder}/group /etc/group && exec {program}"
    libraries = next((unpacked / "usr/lib").glob("*-linux-gnu"))
    with _running(("unshare", "-m", "sh", "-c", script), port, folder, {"LD_LIBRARY_PATH": str(libraries)}):
        yield port


def _unpacked() -> Path:
    """The folder with Exim's files, fetched at first use."""
    folder = folder_of("exim4-daemon-light")
    if not (folder / "complete").exists():
        if shutil.which("apt-get") is None:
            raise RuntimeError("Exim wants Debian's apt-get")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        done = subprocess.run(("apt-get", "download", "-q", *_EXIM_PACKAGES), cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"Exim cannot be fetched: {done.stderr.strip()[-300:]}")
        for package in folder.glob("*.deb"):
            subprocess.run(("dpkg", "-x", str(package), str(folder)), check=True)
        (folder / "complete").touch()
    return folder


@contextmanager
def _running(command: tuple[str, ...], port: int, folder: Path, environment: Mapping[str, str]) -> Generator[None]:
    with (folder / "output").open("ab") as output:
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=_ROOT, env={**os.environ, **environment}
        )
        try:
            if not _listens(port):
                raise RuntimeError(f"{command[0]} does not listen: {(folder / 'output').read_text()[-300:]}")
            yield
        finally:
            server.terminate()
            server.wait(10)


def _listens(port: int) -> bool:
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), 0.5):
                return True
        except OSError:
            time.sleep(0.05)
    return False
