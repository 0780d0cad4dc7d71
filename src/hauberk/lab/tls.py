"""TLS contexts of the lab's servers, made out of the lab's certificates."""

import hashlib
import ssl
import warnings
from pathlib import Path

from hauberk.lab.pki import Issued

_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def server_context(
    issued: Issued, folder: Path, versions: tuple[str, str] = ("TLSv1.2", "TLSv1.3"), suites: str = "", group: str = ""
) -> ssl.SSLContext:
    """A context that presents `issued`. The standard library reads keys from files only, hence `folder`.

    Everything that the machine's OpenSSL would refuse out of prudence (small keys, SHA-1, old versions) is allowed.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1 are here to be found out
        context.minimum_version, context.maximum_version = _VERSIONS[versions[0]], _VERSIONS[versions[1]]
    old = versions[0] in ("TLSv1", "TLSv1.1")
    context.set_ciphers(f"{suites or ('ALL' if old else 'ECDHE+AESGCM:ECDHE+CHACHA20')}:@SECLEVEL=0")
    if group:
        context.set_ecdh_curve(group)
    path = folder / f"{hashlib.sha256(issued.chain[0]).hexdigest()[:24]}.pem"
    path.write_bytes(issued.key_pem + issued.chain_pem)
    context.load_cert_chain(path)
    return context
