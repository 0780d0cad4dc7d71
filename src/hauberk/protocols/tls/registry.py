"""Cipher suites: IANA's numbers and names, taken apart, each with its grade and why.

The numbers and names stand in `suites.txt`. The grades follow the Dutch NCSC's "IT Security Guidelines for TLS" (2025-05, 3.3.2 to 3.3.4
and appendix B): what is in no list there is insufficient. Suites with HMAC-SHA-1 (`..._CBC_SHA`) are graded with the other CBC suites, as
RFC 9325 (4.2) tells them no further apart. RFC 9325, 4.1 forbids or advises against the same ones.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from hauberk.protocols.tls.grade import Grade

SSL2, SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
VERSIONS = {SSL2: "SSLv2", SSL3: "SSLv3", TLS10: "TLSv1", TLS11: "TLSv1.1", TLS12: "TLSv1.2", TLS13: "TLSv1.3"}
FALLBACK_SCSV, RENEGOTIATION_SCSV = 0x5600, 0x00FF  # RFC 7507, RFC 5746

_NCSC = "NCSC-NL TLS 2025-05"
# What is wrong with a suite, from the worst: a part of its name, the words, the grade, the source.
_FLAWS = (
    ("_WITH_NULL_", "no encryption", Grade.INSUFFICIENT, "RFC 9325, 4.1"),
    ("_SHA256_SHA256", "no encryption", Grade.INSUFFICIENT, "RFC 9325, 4.1"),
    ("_SHA384_SHA384", "no encryption", Grade.INSUFFICIENT, "RFC 9325, 4.1"),
    ("_anon_", "no authentication of the server", Grade.INSUFFICIENT, f"{_NCSC}, 3.3.2"),
    ("EXPORT", "export grade, 40 to 56 bits", Grade.INSUFFICIENT, "RFC 9325, 4.1"),
    ("_RC2_", "RC2", Grade.INSUFFICIENT, f"{_NCSC}, 3.3.4"),
    ("_RC4_", "RC4", Grade.INSUFFICIENT, "RFC 7465"),
    ("_WITH_DES_", "single DES, 56 bits", Grade.INSUFFICIENT, "RFC 9325, 4.1"),
    ("_DES_64_", "single DES, 56 bits", Grade.INSUFFICIENT, "RFC 9325, 4.1"),
    ("_3DES_", "3DES, blocks of 64 bits", Grade.INSUFFICIENT, f"{_NCSC}, 3.3.4"),
    ("_DES_192_", "3DES, blocks of 64 bits", Grade.INSUFFICIENT, f"{_NCSC}, 3.3.4"),
    ("_IDEA_", "IDEA", Grade.INSUFFICIENT, "RFC 5469"),
    ("SSL_CK_", "SSLv2", Grade.INSUFFICIENT, "RFC 6176"),
    ("TLS_RSA_WITH_", "RSA key exchange without forward secrecy", Grade.INSUFFICIENT, f"{_NCSC}, 3.3.3; RFC 9325, 4.1"),
    ("TLS_DH_", "static Diffie-Hellman without forward secrecy", Grade.INSUFFICIENT, f"{_NCSC}, 3.3.3; RFC 9325, 4.1"),
    ("TLS_ECDH_", "static Diffie-Hellman without forward secrecy", Grade.INSUFFICIENT, f"{_NCSC}, 3.3.3; RFC 9325, 4.1"),
    ("TLS_KRB5_", "Kerberos key exchange without forward secrecy", Grade.INSUFFICIENT, f"{_NCSC}, appendix B"),
    ("_SRP_", "password key exchange", Grade.INSUFFICIENT, f"{_NCSC}, appendix B"),
    ("_ECCPWD_", "password key exchange", Grade.INSUFFICIENT, f"{_NCSC}, appendix B"),
    ("PSK_", "pre-shared key", Grade.INSUFFICIENT, f"{_NCSC}, appendix B"),
    ("_DSS_", "DSA signature", Grade.INSUFFICIENT, f"{_NCSC}, 3.3.2"),
    ("_SEED_", "SEED", Grade.INSUFFICIENT, f"{_NCSC}, 3.3.4"),
    ("_GOST", "GOST", Grade.INSUFFICIENT, f"{_NCSC}, appendix B"),
    ("_SM4_", "SM4", Grade.INSUFFICIENT, f"{_NCSC}, appendix B"),
    ("_CCM_8", "a tag of 64 bits", Grade.INSUFFICIENT, f"{_NCSC}, appendix B"),
    ("TLS_DHE_", "key exchange over a finite field", Grade.PHASE_OUT, f"{_NCSC}, 3.3.3; RFC 9325, 4.1"),
    ("_CBC_", "CBC mode", Grade.PHASE_OUT, f"{_NCSC}, 3.3.4; RFC 9325, 4.2"),
    ("_CAMELLIA_", "Camellia", Grade.PHASE_OUT, f"{_NCSC}, 3.3.4"),
    ("_ARIA_", "ARIA", Grade.PHASE_OUT, f"{_NCSC}, 3.3.4"),
)
_GOOD = ("TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")


@dataclass(frozen=True, slots=True)
class Suite:
    """`exchange` is `ECDHE`, `DHE`, `RSA`, `DH`, `ECDH`, `PSK` (all that need a secret shared beforehand) or empty (TLS 1.3).

    `authentication` is the kind of certificate it wants (`rsa`, `ecdsa`, `dsa`), empty for none or any. `first` and `last` are the versions
    it exists in. `why` says what is wrong with it, `source` where that is written.
    """

    number: int
    name: str
    grade: Grade
    why: str
    source: str
    exchange: str
    authentication: str
    first: int
    last: int

    def fits(self, version: int) -> bool:
        return self.first <= version <= self.last

    @property
    def elliptic(self) -> bool:
        """The key exchange is over a named group that ServerKeyExchange tells."""
        return self.exchange == "ECDHE"

    @property
    def signed(self) -> bool:
        """The server signs its key exchange."""
        return self.exchange in ("ECDHE", "DHE") and bool(self.authentication)

    @property
    def finite(self) -> bool:
        return self.exchange == "DHE"


@cache
def suites() -> dict[int, Suite]:
    """Every suite by its number, in the order of the registry."""
    return {number: suite(number) for number in _names()}


@lru_cache(maxsize=1024)
def suite(number: int) -> Suite:
    """The suite; one that no registry knows is insufficient and named by its two octets (`0x1301`)."""
    return _suite(number, suite_name(number))


def suite_name(number: int) -> str:
    return _names().get(number) or f"0x{number:04X}"


@cache
def _names() -> dict[int, str]:
    lines = files("hauberk.protocols.tls").joinpath("suites.txt").read_text().splitlines()
    pairs = (line.split() for line in lines if not line.startswith("#"))
    return {int(number, 16): name for number, name in pairs}


@cache
def suites_by_name() -> dict[str, Suite]:
    return {one.name: one for one in suites().values()}


@cache
def worst_first(version: int, grades: tuple[Grade, ...] = tuple(Grade)) -> tuple[Suite, ...]:
    """The suites of a version and of these grades that a mail server can have without a secret shared beforehand, the worst first."""
    return tuple(one for one in _by_badness() if one.fits(version) and one.grade in grades)


@cache
def _by_badness() -> tuple[Suite, ...]:
    places = {words: place for place, (_, words, _, _) in reversed([*enumerate(_FLAWS)])}
    wanted = [one for one in suites().values() if one.exchange != "PSK"]
    return tuple(sorted(wanted, key=lambda one: (-one.grade.rank, places.get(one.why, len(_FLAWS)), -one.number)))


def _suite(number: int, name: str) -> Suite:
    padded = f"{name}_"
    grade, why, source = Grade.SUFFICIENT, "", f"{_NCSC}, appendix B"
    for part, words, flawed, written in _FLAWS:
        if part in padded:
            grade, why, source = flawed, words, written
            break
    else:
        if name in _GOOD:
            grade = Grade.GOOD
        elif "_AEGIS_" in name:
            source = "sound, though the guidelines of 2025-05 do not list it yet"
        elif name.startswith("0x"):
            grade, why = Grade.INSUFFICIENT, "not in IANA's registry"
    first, last = _versions(number, name)
    return Suite(number, name, grade, why, source, _exchange(name), _authentication(name), first, last)


def _exchange(name: str) -> str:
    before = name.removeprefix("TLS_").partition("_WITH_")[0] if "_WITH_" in name else ""
    if "PSK" in before or "KRB5" in before or "SRP" in before or "ECCPWD" in before or "GOST" in before:
        return "PSK"
    if "_anon" in before:
        return {"DH": "DHE", "ECDH": "ECDHE"}[before.partition("_")[0]]
    return before.removeprefix("OLD_").partition("_")[0].replace("SSL", "RSA")


def _authentication(name: str) -> str:
    before = name.partition("_WITH_")[0].removesuffix("_EXPORT").removesuffix("_EXPORT1024")
    return {"RSA": "rsa", "ECDSA": "ecdsa", "DSS": "dsa"}.get(before.rpartition("_")[2], "")


def _versions(number: int, name: str) -> tuple[int, int]:
    """AEAD suites and those with an own hash came with TLS 1.2 (RFC 5246, 1.2); names without `_WITH_` are TLS 1.3's (RFC 8446, B.4)."""
    if number > 0xFFFF:
        return SSL2, SSL2
    if "_WITH_" not in name:
        return TLS13, TLS13
    if name.endswith(("_SHA256", "_SHA384", "_CCM", "_CCM_8", "_OMAC", "_MGM_L", "_MGM_S")):
        return TLS12, TLS12
    return SSL3, TLS12
