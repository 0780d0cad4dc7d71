"""The platform's trust store: which roots this machine believes, and which of them could matter to the chains at hand."""

import base64
import binascii
import hashlib
import os
import re
import ssl
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography import x509

from hauberk.model.observation import TrustStore

_PEM = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END (?:X509 )?CERTIFICATE-----")
_HASHED_NAME = re.compile(r"[0-9a-f]{8}\.[0-9]+")
_LARGEST_FILE = 16_777_216
# Where systems keep their bundle when the OpenSSL that Python was built with looks elsewhere.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


@dataclass(frozen=True, slots=True)
class TrustSource:
    """Files and directories of anchors, and how a report names them."""

    text: str
    places: tuple[Path, ...]


def platform_source(environment: Mapping[str, str] = os.environ) -> TrustSource:
    """`SSL_CERT_FILE` and `SSL_CERT_DIR` when set (and then nothing else), else where OpenSSL looks, else the system's bundle."""
    named = [(variable, environment[variable]) for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environment.get(variable)]
    if named:
        places = tuple(Path(place) for _, value in named for place in value.split(os.pathsep) if place)
        return TrustSource(" and ".join(f"{variable}={value}" for variable, value in named), places)
    paths = ssl.get_default_verify_paths()
    defaults = (Path(paths.openssl_cafile), Path(paths.openssl_capath), *(Path(bundle) for bundle in _BUNDLES))
    place = next((place for place in defaults if any(_certificates_in(place))), None)
    if place is None:
        return TrustSource("no trust store was found on this machine", ())
    return TrustSource(f"the trust store of the scanning machine ({place})", (place,))


class TrustAnchors:
    """All anchors of a store, found by the subject that a chain's certificates name as issuer; read from disk at first use."""

    def __init__(self, source: TrustSource, ca_file: Path | None = None) -> None:
        self._places = source.places if ca_file is None else (*source.places, ca_file)
        self._text = source.text if ca_file is None else f"{source.text}, and {ca_file}"
        self._by_subject: dict[str, set[bytes]] | None = None
        self._digest = ""

    def leading_from(self, chains: tuple[tuple[bytes, ...], ...]) -> TrustStore:
        """The anchors that issued a certificate of these chains (DER) by name, or that stand on them themselves."""
        by_subject = self._load() if self._by_subject is None else self._by_subject
        anchors: set[bytes] = set()
        for der in {certificate for chain in chains for certificate in chain}:
            names = _names(der)
            if names is not None:
                subject, issuer = names
                anchors |= by_subject.get(issuer, set())
                anchors |= {der} & by_subject.get(subject, set())
        return TrustStore(self._text, self._digest, tuple(sorted(anchors)))

    def _load(self) -> dict[str, set[bytes]]:
        by_subject: dict[str, set[bytes]] = defaultdict(set)
        for place in self._places:
            for der in _certificates_in(place):
                names = _names(der)
                if names is not None:
                    by_subject[names[0]].add(der)
        every = sorted(der for anchors in by_subject.values() for der in anchors)
        self._digest = hashlib.sha256(b"".join(every)).hexdigest()
        self._by_subject = dict(by_subject)
        return self._by_subject


def holds_certificates(place: Path) -> bool:
    """Whether there is anything in the file that a chain could end in."""
    return any(_names(der) for der in _certificates_in(place))


def _certificates_in(place: Path) -> Iterator[bytes]:
    """The certificates (DER) of a file, PEM or DER, or of OpenSSL's directory of hashed names; what cannot be read holds none."""
    try:
        if place.is_dir():
            for file in sorted(place.iterdir()):
                if _HASHED_NAME.fullmatch(file.name):
                    yield from _certificates_in_file(file)
        else:
            yield from _certificates_in_file(place)
    except OSError:
        return


def _certificates_in_file(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE)
    except OSError:
        return
    if content[:1] == b"\x30":
        yield content
        return
    for block in _PEM.finditer(content):
        try:
            yield base64.b64decode(b"".join(block[1].split()), validate=True)
        except binascii.Error:
            continue


@lru_cache(maxsize=1024)
def _names(der: bytes) -> tuple[str, str] | None:
    """The certificate's subject and issuer, if they can be read at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            certificate = x509.load_der_x509_certificate(der)
            return _key(certificate.subject), _key(certificate.issuer)
        except ValueError:
            return None


def _key(name: x509.Name) -> str:
    """A name so that case, spaces and string types make no difference (RFC 5280, 7.1)."""
    return " ".join(name.rfc4514_string().casefold().split())
