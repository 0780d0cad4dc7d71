"""TLS contexts of the lab's servers, made out of the lab's certificates."""

import base64
import hashlib
import ssl
import warnings
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from hauberk.lab.pki import Issued
from hauberk.protocols.tls.groups import modp

_VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def server_context(
    issued: Issued, folder: Path, versions: tuple[str, str] = ("TLSv1.2", "TLSv1.3"), suites: str = "", group: str = "", dh: int = 0
) -> ssl.SSLContext:
    """A context that presents `issued`. The standard library reads keys from files only, hence `folder`.

    It is a sound server as far as certificate and versions let it be one: a weak key or an old version needs a low security level of
    OpenSSL, at which it signs with SHA-1 as well. `group` is the one curve for the key exchange, X25519 if empty, `any` for those that
    OpenSSL has; `dh` is the size in bits of the MODP prime (RFC 2409, RFC 3526) that goes with finite-field suites.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1 are here to be found out
        context.minimum_version, context.maximum_version = _VERSIONS[versions[0]], _VERSIONS[versions[1]]
    old = versions[0] in ("TLSv1", "TLSv1.1")
    level = 0 if old or dh else _level(issued)
    context.set_ciphers(f"{suites or ('ALL' if old else 'ECDHE+AESGCM:ECDHE+CHACHA20')}:@SECLEVEL={level}")
    if group != "any":
        restrict(context, group or "X25519")
    if dh:
        parameters = folder / f"modp{dh}.pem"
        parameters.write_text(_dh_parameters(dh))
        context.load_dh_params(str(parameters))
    path = folder / f"{hashlib.sha256(issued.chain[0]).hexdigest()[:24]}.pem"
    path.write_bytes(issued.key_pem + issued.chain_pem)
    context.load_cert_chain(path)
    return context


def restrict(context: ssl.SSLContext, group: str) -> None:
    """Python 3.11.2, which is Debian 12's, takes the curves of SEC 2 only and none of RFC 7748: there X25519 becomes P-256, as sound."""
    try:
        context.set_ecdh_curve(group)
    except ssl.SSLError:
        if group != "X25519":
            raise
        context.set_ecdh_curve("prime256v1")


def _dh_parameters(bits: int) -> str:
    """A MODP prime with the generator 2 as OpenSSL reads it: PEM over a DER sequence of the two (PKCS #3)."""
    body = b"".join(b"\x02" + _der_length(len(number)) + number for number in (modp(bits).to_bytes(bits // 8 + 1), b"\x02"))
    encoded = base64.encodebytes(b"\x30" + _der_length(len(body)) + body).decode()
    return f"-----BEGIN DH PARAMETERS-----\n{encoded}-----END DH PARAMETERS-----\n"


def _der_length(length: int) -> bytes:
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return octets if length < 128 else bytes((0x80 | len(octets),)) + octets


def _level(issued: Issued) -> int:
    """The highest security level of OpenSSL at which this certificate can be presented: 3 signs with nothing below SHA-256."""
    leaf = issued.leaf
    if isinstance(leaf.signature_hash_algorithm, hashes.SHA1):
        return 0
    key = leaf.public_key()
    bits = key.key_size if isinstance(key, rsa.RSAPublicKey) else 3072
    return 3 if bits >= 3072 else 2 if bits >= 2048 else 0
