"""The folder of keys that stays with the declaration: made once, added to, read by plan and apply.

    link/authority.pem, authority.key    signs the two ends of the links between MTA and MDA
    link/mta.pem, mta.key, mda.pem, mda.key
    dkim/DOMAIN/SELECTOR.key             PEM; the selector tells the day from which it signs
    tls/*.pem                            public keys or certificates of the MTA's port 25, now and next: for TLSA records
    directory.password, srs.secret

Folders 0700, files 0600. Nothing that is there is ever overwritten.
"""

import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hauberk.system.declaration import Declaration
from hauberk.system.material import DkimKey, KeyPair, Material
from hauberk.system.render.signing import next_due, retired, selector

_AUTHORITY_DAYS: Final = 7300
_LINK_DAYS: Final = 3650


class MaterialError(Exception):
    """A file is missing or is not what it should be; the message says which and what to do."""


def make(declaration: Declaration, folder: Path, today: date) -> tuple[str, ...]:
    """Make what is not there yet; the names of the files that were made. A DKIM key that is due for rotation counts as missing."""
    made = [*_make_links(declaration, folder, today)]
    for name, octets in (("srs.secret", 24), ("directory.password", 24)):
        if not (folder / name).exists():
            made.append(_write(folder, name, secrets.token_urlsafe(octets).encode()))
    for domain in declaration.domains:
        due = next_due(dkim_keys(folder), domain, declaration.dkim, today)
        if due is not None:
            made.append(_write(folder, f"dkim/{domain}/{selector(due)}.key", _pem(rsa.generate_private_key(65537, declaration.dkim.bits))))
    return tuple(made)


def load(folder: Path, today: date, also: tuple[bytes, ...] = ()) -> Material:
    """What is in the folder. `also`: further public keys of the MTA's port 25 (DER). Raises `MaterialError`."""
    try:
        return Material(
            authority=_certificate(folder / "link/authority.pem"),
            mta_link=_pair(folder, "mta"),
            mda_link=_pair(folder, "mda"),
            dkim=dkim_keys(folder),
            signing_on=today,
            tls_keys=tuple(dict.fromkeys((*also, *(public_key_in(path) for path in sorted((folder / "tls").glob("*.pem")))))),
            directory_password=_secret(folder / "directory.password"),
            srs_secret=_secret(folder / "srs.secret"),
        )
    except OSError as error:
        raise MaterialError(f"{error.filename}: {error.strerror}; `hauberk system rotate` makes what is missing") from error


def _certificate(path: Path) -> bytes:
    octets = path.read_bytes()
    public_key_in(path)
    return octets


def _pair(folder: Path, end: str) -> KeyPair:
    certificate, key = folder / f"link/{end}.pem", folder / f"link/{end}.key"
    held = KeyPair(_certificate(certificate), key.read_bytes())
    try:
        private = load_pem_private_key(held.key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise MaterialError(f"{key}: not a private key in PEM ({error})") from error
    if private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != public_key_in(certificate):
        raise MaterialError(f"{key}: not the key of {certificate}")
    return held


def _secret(path: Path) -> str:
    text = path.read_text("latin-1").strip()
    if not text.isascii() or not text.isprintable() or not text:
        raise MaterialError(f"{path}: one line of ASCII is wanted")
    return text


def retire(declaration: Declaration, folder: Path, today: date) -> tuple[str, ...]:
    """Move DKIM keys that are not needed any more to `dkim/retired/DOMAIN`, where nothing publishes them; their names."""
    found: list[str] = []
    for key in retired(dkim_keys(folder), declaration.dkim, today):
        name = f"dkim/{key.domain}/{key.selector}.key"
        target = folder / "dkim" / "retired" / key.domain
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / name).replace(target / f"{key.selector}.key")
        found.append(name)
    return tuple(found)


def public_key_in(path: Path) -> bytes:
    """The public key (DER, SPKI) of a certificate or public key in PEM. Raises `MaterialError`."""
    try:
        text = path.read_bytes()
        key = x509.load_pem_x509_certificate(text).public_key() if b"CERTIFICATE" in text else load_pem_public_key(text)
        return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except OSError as error:
        raise MaterialError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MaterialError(f"{path}: neither a certificate nor a public key in PEM ({error})") from error


def dkim_keys(folder: Path) -> tuple[DkimKey, ...]:
    """All that are published, by domain and day. Raises `MaterialError`."""
    return tuple(sorted(_dkim_files(folder), key=lambda one: (one.domain, one.made)))


def _dkim_files(folder: Path) -> Iterator[DkimKey]:
    for path in (folder / "dkim").glob("*/*.key"):
        try:
            made = datetime.strptime(path.stem, "h%Y%m%d").replace(tzinfo=UTC).date()
            private = path.read_bytes()
            key = load_pem_private_key(private, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise MaterialError(f"{path}: not a private key named hYYYYMMDD.key ({error})") from error
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        yield DkimKey(path.parent.name, path.stem, made, public, private)


def _make_links(declaration: Declaration, folder: Path, today: date) -> Iterator[str]:
    wanted = [end for end in ("mta", "mda") if not (folder / f"link/{end}.pem").exists()]
    if not wanted:
        return
    if (folder / "link/authority.key").exists():
        issuer = x509.load_pem_x509_certificate((folder / "link/authority.pem").read_bytes())
        signer = load_pem_private_key((folder / "link/authority.key").read_bytes(), None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise MaterialError(f"{folder}/link/authority.key: not a key on an elliptic curve")
    else:
        signer = ec.generate_private_key(ec.SECP256R1())
        issuer = _authority(declaration, signer, today)
        yield _write(folder, "link/authority.key", _pem(signer))
        yield _write(folder, "link/authority.pem", issuer.public_bytes(Encoding.PEM))
    for end in wanted:
        key = ec.generate_private_key(ec.SECP256R1())
        host = declaration.mta if end == "mta" else declaration.mda
        yield _write(folder, f"link/{end}.key", _pem(key))
        yield _write(folder, f"link/{end}.pem", _end(host.name, key, issuer, signer, today).public_bytes(Encoding.PEM))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _builder(subject: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, today: date, days: int) -> x509.CertificateBuilder:
    start = datetime(today.year, today.month, today.day, tzinfo=UTC) - timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )


def _authority(declaration: Declaration, key: ec.EllipticCurvePrivateKey, today: date) -> x509.Certificate:
    name = f"{declaration.domains[0]} mail links"
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    return (
        _builder(name, _name(name), key, today, _AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(True, 0), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )


def _end(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate, signer: ec.EllipticCurvePrivateKey, today: date
) -> x509.Certificate:
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    return (
        _builder(name, issuer.subject, key, today, _LINK_DAYS)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), False)
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.ExtendedKeyUsage(both), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
        .sign(signer, hashes.SHA256())
    )


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(folder: Path, name: str, content: bytes) -> str:
    path = folder / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
    return name
