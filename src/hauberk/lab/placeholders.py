"""Values in the lab's records that are known only once keys exist: TLSA digests and DKIM keys.

{spki-sha256:HOST}  {spki-sha512:HOST}   digest of the public key that HOST presents
{cert-sha256:HOST}                       digest of its certificate
{issuer-sha256:HOST}                     digest of the public key of its intermediate
{spare-sha256}                           digest of a key that nobody presents
{dkim-rsa1024} {dkim-rsa2048} {dkim-ed25519}   TXT data of a DKIM key record
{filler:N}                               TXT data of N octets
"""

import base64
import hashlib
import re
from collections.abc import Callable
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hauberk.lab.pki import Issued, rsa_key
from hauberk.protocols.rdata import render_txt

_PLACEHOLDER = re.compile(r"(?<!%)\{([a-z]+-[a-z0-9]+|filler)(?::([^{}]*))?\}")


def expand(text: str, presented_by: Callable[[str], Issued]) -> str:
    """The text with every placeholder replaced. Raises ValueError for an unknown one."""

    def value(match: re.Match[str]) -> str:
        kind, argument = match.group(1), match.group(2) or ""
        if kind == "filler":
            return render_txt(("Hauberk makes mail armour. " * (int(argument) // 27 + 1))[: int(argument)])
        subject, _, how = kind.partition("-")
        if subject == "dkim":
            return _dkim(how)
        octets = _spare() if subject == "spare" else _presented(subject, presented_by(argument))
        return hashlib.new(how, octets).hexdigest()

    return _PLACEHOLDER.sub(value, text)


def _presented(subject: str, issued: Issued) -> bytes:
    match subject:
        case "cert":
            return issued.chain[0]
        case "spki":
            return _public_key(issued.chain[0])
        case "issuer":
            return _public_key(issued.chain[1])
        case _:
            raise ValueError(f"unknown placeholder {subject}")


def _public_key(certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def _spare() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@cache
def _dkim(kind: str) -> str:
    if kind == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
        return render_txt(f"v=DKIM1; k=ed25519; p={base64.b64encode(key).decode()}")
    public = rsa_key(int(kind.removeprefix("rsa"))).public_key()
    key = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return render_txt(f"v=DKIM1; k=rsa; p={base64.b64encode(key).decode()}")
