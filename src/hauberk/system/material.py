"""What rendering needs besides the declaration: keys and certificates, as octets that somebody else has read.

The folder that they are kept in (`material_folder.py`) stays with the declaration, on the machine of the operator.
"""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate (PEM, with its chain) and its private key (PEM, PKCS #8)."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DkimKey:
    """An RSA key that signs for a domain. `made` is the day in the selector's name; `private` is PEM (PKCS #8), `public` DER (SPKI)."""

    domain: str
    selector: str
    made: date
    public: bytes
    private: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Material:
    """`authority` (PEM) signs the links between MTA and MDA, `mta_link` and `mda_link` are the two ends, known to nobody else.

    `dkim` are all keys that are published: those that signed, that sign and that will. `signing_on` is the day that chooses among them.
    `tls_keys` are the public keys (DER, SPKI) that the MTA's port 25 shows or will show: for TLSA records.
    """

    authority: bytes
    mta_link: KeyPair
    mda_link: KeyPair
    dkim: tuple[DkimKey, ...]
    signing_on: date
    tls_keys: tuple[bytes, ...] = ()
    directory_password: str = field(default="", repr=False)
    srs_secret: str = field(default="", repr=False)
