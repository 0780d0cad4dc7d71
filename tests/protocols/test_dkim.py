"""DKIM key records, the keys inside them, and finding them."""

import base64
from collections.abc import Callable, Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions, Selector
from hauberk.protocols.dkim import (
    DkimKey,
    DkimKeys,
    Ed25519Key,
    Origin,
    Presence,
    RsaKey,
    UnknownType,
    Unreadable,
    find_keys,
    parse_key,
    render,
    selectors_of_message,
    weaknesses,
)
from hauberk.protocols.dkim.candidates import curated
from hauberk.protocols.dkim.key import looks_like_key
from hauberk.protocols.dkim.material import read_material
from hauberk.protocols.dkim.message import is_selector
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.walk import Ask, Reply, replay

# The key of RFC 6376, appendix C: 1024 bits, its private half is printed there.
RFC_KEY = (
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od"
    "+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"
)
RFC_ED25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
MODULUS = (1 << 2047) + 1_234_567_891  # no real key, but a number of the right size
SILENT = "silent"


def encoded(modulus: int, exponent: int = 65537, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    key = RSAPublicNumbers(exponent, modulus).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, form)).decode()


def key_of(text: str) -> DkimKey:
    key = parse_key(text)
    assert isinstance(key, DkimKey)
    return key


@given(st.text())
def test_any_text_gives_a_key_or_malformed(text: str) -> None:
    for read in (parse_key(text), parse_key("v=DKIM1; p=" + text), parse_key("p=" + RFC_KEY + text)):
        if isinstance(read, Malformed):
            read.marked()
        else:
            weaknesses(read.material)


@given(st.binary(), st.sampled_from(["rsa", "ed25519", "dsa"]))
def test_any_octets_give_a_key_or_a_reason(octets: bytes, key_type: str) -> None:
    weaknesses(read_material(key_type, octets))


@given(st.integers(0, 161), st.integers(0, 255))
def test_a_damaged_octet_never_raises(at: int, octet: int) -> None:
    octets = bytearray(base64.b64decode(RFC_KEY))
    octets[at] = octet
    weaknesses(read_material("rsa", bytes(octets)))


@given(st.binary(max_size=80), st.sampled_from(["", "y", "s", "y:s"]), st.sampled_from(["", "sha256", "sha1:sha256"]))
def test_rendering_and_parsing_are_inverse(octets: bytes, flags: str, hashes: str) -> None:
    optional = "".join(f"; {name}={value}" for name, value in (("t", flags), ("h", hashes)) if value)
    key = key_of(f"v=DKIM1; p={base64.b64encode(octets).decode()}{optional}")
    assert key.public == octets
    assert parse_key(render(key)) == key


def test_both_forms_of_an_rsa_key_are_read_alike() -> None:
    for form, wrapped in ((PublicFormat.SubjectPublicKeyInfo, True), (PublicFormat.PKCS1, False)):
        material = key_of(f"k=rsa; p={encoded(MODULUS, form=form)}").material
        assert material == RsaKey(MODULUS, 65537, wrapped)
        assert isinstance(material, RsaKey) and material.bits == 2048


def test_white_space_inside_the_key_is_passed_over() -> None:
    assert key_of(f"v=DKIM1; p={RFC_KEY[:70]} \r\n\t{RFC_KEY[70:]}").public == base64.b64decode(RFC_KEY)


@pytest.mark.parametrize(
    ("text", "reason", "marked"),
    [
        ("v=DKIM1; k=rsa", "missing", ">>v=DKIM1"),
        ("v=DKIM2; p=", "DKIM1", ">>DKIM2<<"),
        ("k=rsa; v=DKIM1; p=", "first", "v=>>DKIM1<<"),
        ("v=DKIM1; p=AAAA; p=BBBB", "twice", ">>BBBB<<"),
        ("v=DKIM1; p=AAAA-BBB", "does not occur", "AAAA>>-<<BBB"),
        ("v=DKIM1; p=AAAA\N{ZERO WIDTH SPACE}BBBB", "does not occur", ">>\\u{200b}<<"),
        ('v=DKIM1; p="AAAA"', "does not occur", '>>"<<AAAA'),
        ("v=DKIM1; p=AA==BBBB", "after its end", "AA>>=<<=BBBB"),
        ("v=DKIM1; p=AAAAB", "cut", "AAAAB>><<"),
    ],
)
def test_damage_is_marked(text: str, reason: str, marked: str) -> None:
    read = parse_key(text)
    assert isinstance(read, Malformed)
    assert reason in read.reason
    assert marked in read.marked()


def test_a_cut_key_says_how_much_is_missing() -> None:
    material = key_of("p=" + RFC_KEY[:200]).material
    assert isinstance(material, Unreadable)
    assert "announces 162 octets and has 150" in material.reason


def test_the_key_type_must_fit_the_key() -> None:
    assert isinstance(key_of(f"k=ed25519; p={RFC_ED25519}").material, Ed25519Key)
    wrapped = base64.b64encode(bytes.fromhex("302a300506032b6570032100") + base64.b64decode(RFC_ED25519)).decode()
    assert "wrapped" in str(key_of(f"k=ed25519; p={wrapped}").material)
    assert "Ed25519" in str(key_of(f"p={wrapped}").material)
    assert isinstance(key_of(f"k=dsa; p={RFC_KEY}").material, UnknownType)


def test_flags_services_and_hashes_are_read() -> None:
    key = key_of("v=DKIM1; t=Y:s; s=tlsrpt; h=sha1 : sha256; p=")
    assert (key.testing, key.for_mail, key.hashes, key.revoked) == (True, False, ("sha1", "sha256"), True)
    assert key_of("p=AAAA").for_mail


def named(material: RsaKey | Ed25519Key) -> set[str]:
    return {weakness.name for weakness in weaknesses(material)}


def test_keys_printed_in_standards_are_known() -> None:
    assert isinstance(rfc := key_of("p=" + RFC_KEY).material, RsaKey)
    assert named(rfc) == {"published"}
    assert named(Ed25519Key(base64.b64decode(RFC_ED25519))) == {"published"}


def test_the_roca_mark_is_found() -> None:
    product = 1
    for prime in (n for n in range(3, 168) if all(n % d for d in range(2, n))):
        product *= prime
    marked = next(n for k in range(1, 9999) if (n := pow(65537, 4711, product) + product * ((1 << 1800) + k)) % 2)
    assert "roca" in named(RsaKey(marked, 65537))
    assert "roca" not in named(RsaKey(marked + 2, 65537))


def test_close_primes_small_factors_and_odd_exponents_are_found() -> None:
    first, second = 2**521 - 1, 2**521 - 1 + 2**260
    assert "close-primes" in named(RsaKey(first * second, 65537))
    assert "close-primes" not in named(RsaKey((2**521 - 1) * (2**607 - 1), 65537))
    assert "small-factor" in named(RsaKey(1009 * (2**1279 - 1), 65537))
    assert "exponent-1" in named(RsaKey(MODULUS, 1))
    assert "exponent-even" in named(RsaKey(MODULUS, 2))


def test_a_hostile_modulus_costs_no_time() -> None:
    assert named(RsaKey((1 << 400_000) + 1, 65537)) == set()


def zone_reply(zone: Mapping[tuple[str, str], str], asked: list[Question]) -> Callable[[Ask], Reply]:
    def reply(ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        asked.append(ask)
        data = zone.get((ask.name, ask.type))
        if data is None:
            below = any(name == ask.name or name.endswith("." + ask.name) for name, _ in zone)
            return DnsAnswer("NOERROR" if below else "NXDOMAIN")
        if data == SILENT:
            return NoAnswer(Silence.TIMEOUT)
        kind, _, rest = data.partition(" ") if data.startswith("CNAME ") else (ask.type, "", data)
        return DnsAnswer("NOERROR", (Record(ask.name, kind, 300, render_txt(rest) if kind == "TXT" else rest),))

    return reply


def found(zone: Mapping[str, str], *selectors: Selector) -> tuple[DkimKeys, list[Question]]:
    """The search in a world with the given TXT records (keys `NAME` or `NAME TYPE`)."""
    typed = {(key.partition(" ")[0], key.partition(" ")[2] or "TXT"): data for key, data in zone.items()}
    asked: list[Question] = []
    return replay(find_keys("example.com", ScanOptions(selectors=selectors)), zone_reply(typed, asked)), asked


KEY = f"v=DKIM1; p={RFC_KEY}"


def test_without_domainkey_nothing_below_it_is_asked() -> None:
    keys, asked = found({"example.com MX": "10 mx.example.com."})
    assert keys.presence is Presence.ABSENT
    assert len([question for question in asked if "_domainkey" in question.name]) == 1


def test_a_given_selector_is_asked_even_then() -> None:
    keys, _ = found({}, Selector("S1."), Selector("bad selector"))
    assert keys.missing == (("s1", Origin.GIVEN),)


def test_confirmed_comes_before_provider_before_common() -> None:
    zone = {f"{name}._domainkey.example.com": KEY for name in ("mine", "selector1", "mail")}
    zone["example.com MX"] = "0 example-com.mail.protection.outlook.com."
    keys, asked = found(zone, Selector("mine", "message"))
    assert [(key.selector, key.origin) for key in keys.keys] == [
        ("mine", Origin.MESSAGE),
        ("selector1", Origin.PROVIDER),
        ("mail", Origin.COMMON),
    ]
    assert keys.providers == ("Microsoft 365",)
    assert len(asked) < 60


def test_the_include_of_spf_betrays_a_provider_with_names_of_its_own() -> None:
    keys, _ = found({"example.com": "v=spf1 include:amazonses.com -all", "x1y2._domainkey.example.com": KEY})
    assert (keys.presence, keys.keys, keys.unguessable) == (Presence.PRESENT, (), ("Amazon SES",))


def test_a_wildcard_is_no_selector() -> None:
    revoked = "v=DKIM1; p="
    zone = {f"{name}._domainkey.example.com": revoked for name in curated().common}
    zone["no-such-selector-hauberk._domainkey.example.com"] = revoked
    keys, _ = found(zone)
    assert keys.keys == ()
    assert keys.wildcard == revoked


def test_other_text_of_a_wildcard_is_no_key() -> None:
    keys, _ = found({"mail._domainkey.example.com": "v=spf1 -all"})
    assert keys.keys == ()


def test_an_alias_without_key_dangles() -> None:
    keys, _ = found({"selector1._domainkey.example.com": "CNAME selector1-example-com._domainkey.example.onmicrosoft.com."})
    assert keys.dangling[0].target == "selector1-example-com._domainkey.example.onmicrosoft.com"


def test_nsec_records_name_selectors() -> None:
    zone = {
        "_dmarc.example.com NSEC": "a77._domainkey.example.com. TXT RRSIG NSEC",
        "a77._domainkey.example.com NSEC": "b88._domainkey.example.com. TXT RRSIG NSEC",
        "b88._domainkey.example.com NSEC": "www.example.com. TXT RRSIG NSEC",
        "a77._domainkey.example.com": KEY,
        "b88._domainkey.example.com": KEY,
    }
    keys, asked = found(zone)
    assert [(key.selector, key.origin) for key in keys.keys] == [("a77", Origin.NSEC), ("b88", Origin.NSEC)]
    assert Question("www.example.com", "NSEC") not in asked


def test_an_endless_chain_ends() -> None:
    zone = {f"s{n:04}._domainkey.example.com NSEC": f"s{n + 1:04}._domainkey.example.com. TXT" for n in range(500)}
    zone["example.com NSEC"] = "s0000._domainkey.example.com. NS SOA"
    keys, asked = found(zone)
    assert keys.tried <= len(curated().common) + 20
    assert len(asked) < 120


def test_made_up_nsec_names_lead_nowhere() -> None:
    keys, asked = found({"example.com NSEC": "\\000.example.com. A", "zzz._domainkey.example.com": KEY})
    assert keys.keys == ()
    assert len([question for question in asked if question.type == "NSEC"]) == 3


def test_silence_is_told_apart_from_absence() -> None:
    keys, _ = found({"_domainkey.example.com": SILENT, "s1._domainkey.example.com": SILENT}, Selector("s1"))
    assert keys.presence is Presence.UNKNOWN
    assert keys.silent == (("s1", Origin.GIVEN),)
    partly, _ = found({"mail._domainkey.example.com": SILENT})
    assert (partly.presence, partly.left_open) == (Presence.PRESENT, 1)


def test_the_curated_file_is_sound() -> None:
    names = [provider.name for provider in curated().provider]
    assert len(set(names)) == len(names)
    for selector in (*curated().common, *(name for provider in curated().provider for name in provider.selectors)):
        assert is_selector(selector)
        assert selector == selector.lower()


def test_selectors_are_read_from_a_signed_message() -> None:
    raw = (
        b"DKIM-Signature: v=1; a=rsa-sha256; d=Example.COM;\r\n\ts=sel\r\n\t1; bh=x; b=y\r\n"
        b"dkim-signature: v=1; d=b\xc3\xbccher.example; s=two; b=z\r\n"
        b"DKIM-Signature: nonsense\r\nDKIM-Signature: v=1; d=example.com; s=bad name!\r\n"
        b"DKIM-Signature: v=1; d=example.com; s=sel1\r\n"
        b"From: a@example.com\r\n\r\nDKIM-Signature: v=1; d=body.example; s=no\r\n"
    )
    assert selectors_of_message(raw)[0] == ("example.com", "sel1")
    assert ("example.com", "bad name!") not in selectors_of_message(raw)
    assert all(domain != "body.example" for domain, _ in selectors_of_message(raw))
    assert len(set(selectors_of_message(raw))) == len(selectors_of_message(raw))


@settings(max_examples=60)
@given(st.binary())
def test_any_octets_are_a_message(raw: bytes) -> None:
    selectors_of_message(raw)
    selectors_of_message(b"DKIM-Signature: d=example.com; s=" + raw)


def test_what_looks_like_a_key() -> None:
    for text, is_key in (("v=DKIM1; p=", True), ("k=rsa;p=AAAA", True), (" v=dkim1; n=x", True), ("v=spf1 -all", False), ("ip=1", False)):
        assert looks_like_key(text) is is_key
