"""The platform's trust store: which roots this machine believes, and which of them could matter to the chains at hand."""

import binascii
import hashlib
import os
import re
import ssl
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hauberk.model.observation import TrustStore
from hauberk.protocols.x509.issuer import Name, issuer_of, subject_of

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
        self._by_subject: dict[Name, set[bytes]] | None = None
        self._every: frozenset[bytes] = frozenset()
        self._digest = ""

    def leading_from(self, chains: tuple[tuple[bytes, ...], ...]) -> TrustStore:
        """The anchors that issued a certificate of these chains (DER) by name, or that stand on them themselves."""
        by_subject = self._load() if self._by_subject is None else self._by_subject
        shown = {certificate for chain in chains for certificate in chain}
        anchors = shown & self._every
        for issuer in map(issuer_of, shown):
            if issuer is not None:
                anchors |= by_subject.get(issuer, set())
        return TrustStore(self._text, self._digest, tuple(sorted(anchors)))

    def _load(self) -> dict[Name, set[bytes]]:
        by_subject: dict[Name, set[bytes]] = defaultdict(set)
        for place in self._places:
            for der in _certificates_in(place):
                subject = subject_of(der)
                if subject is not None:
                    by_subject[subject].add(der)
        self._every = frozenset(der for anchors in by_subject.values() for der in anchors)
        self._digest = hashlib.sha256(b"".join(sorted(self._every))).hexdigest()
        self._by_subject = dict(by_subject)
        return self._by_subject


def holds_certificates(place: Path) -> bool:
    """Whether there is anything in the file that a chain could end in."""
    return any(subject_of(der) is not None for der in _certificates_in(place))


def _certificates_in(place: Path) -> Iterator[bytes]:
    """The certificates (DER) of a file, PEM or DER, or of OpenSSL's directory of hashed names; what cannot be read holds none."""
    try:
        if place.is_dir():
            for file in sorted(place.iterdir(), key=str):  # comparing paths takes longer than reading the files
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
            yield binascii.a2b_base64(block[1])
        except binascii.Error:
            continue
