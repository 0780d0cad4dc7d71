from datetime import UTC, datetime
from hashlib import sha256, sha512

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.lab.zonetext import ZoneText
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols import dane
from hauberk.protocols.dane import Match, Published, Tlsa
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.walk import NOT_ASKED, Ask, Reply, replay
from hauberk.protocols.x509 import spki

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOST = "mx.example.com"
NAMES = (HOST, "example.com")
PKI = Pki(AT)
CHAIN = PKI.issue(CertificateSpec((HOST,))).chain
LEAF, INTERMEDIATE = CHAIN


def key_of(certificate: bytes) -> bytes:
    key = spki(certificate)
    assert isinstance(key, bytes)
    return key


def matched(*records: Tlsa, chain: tuple[bytes, ...] = CHAIN, names: tuple[str, ...] = NAMES, at: datetime = AT) -> Match:
    return dane.match(records, chain, names, at).match


@given(st.builds(Tlsa, st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=80)))
def test_what_is_rendered_is_parsed_back(record: Tlsa) -> None:
    assert dane.parse(dane.render(record)) == record
    octets = bytes((record.usage, record.selector, record.matching)) + record.data
    assert dane.parse(f"\\# {len(octets)} {octets.hex()}") == record


@given(st.text(max_size=60) | st.from_regex(r"[0-9]{1,4} [0-9]{1,3} [0-9] [0-9a-fA-Fxyz ]{0,20}", fullmatch=True))
def test_no_text_raises(text: str) -> None:
    parsed = dane.parse(text)
    if isinstance(parsed, Malformed):
        parsed.marked()
    else:
        assert dane.parse(dane.render(parsed)) == parsed
        dane.unusable(parsed)
        dane.match((parsed,), CHAIN, NAMES, AT)


@pytest.mark.parametrize(
    ("text", "position"),
    [("3 1 1 abcg", 9), ("3 1 1 abc", 6), ("3 1 256 ab", 4), ("3 x 1 ab", 2), ("3 1", 3), ("", 0), ("\\# 4 030101", 0)],
)
def test_what_is_wrong_is_pointed_at(text: str, position: int) -> None:
    parsed = dane.parse(text)
    assert isinstance(parsed, Malformed)
    assert parsed.position == position


def test_hex_may_be_cut_by_spaces_and_of_any_case() -> None:
    assert dane.parse("3 1 1 AB cd  Ef") == Tlsa(3, 1, 1, b"\xab\xcd\xef")


@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("selector", [0, 1])
def test_usage_3_matches_the_leaf_by_every_selector_and_matching_type(selector: int, matching: int) -> None:
    def association(certificate: bytes) -> bytes:
        presented = certificate if selector == 0 else key_of(certificate)
        return (presented, sha256(presented).digest(), sha512(presented).digest())[matching]

    assert matched(Tlsa(3, selector, matching, association(LEAF))) == Match.MATCHED
    assert matched(Tlsa(3, selector, matching, association(INTERMEDIATE))) == Match.MISMATCH
    assert matched(Tlsa(2, selector, matching, association(INTERMEDIATE))) == Match.MATCHED
    assert matched(Tlsa(2, selector, matching, association(LEAF))) == Match.MISMATCH


def test_usage_3_looks_at_neither_name_nor_date_nor_issuer() -> None:
    chain = PKI.issue(CertificateSpec(("other.example",), issuer="self", days_left=-400)).chain
    assert matched(dane.tlsa_for(key_of(chain[0])), chain=chain) == Match.MATCHED


def test_usage_2_looks_at_name_and_date() -> None:
    record = Tlsa(2, 0, 1, sha256(INTERMEDIATE).digest())
    assert matched(record, names=("mx.example.net", "example.net")) == Match.MISMATCH
    assert matched(record, at=datetime(2027, 11, 21, tzinfo=UTC)) == Match.MISMATCH


def test_usage_2_takes_the_domain_of_the_mail_as_a_name() -> None:
    chain = PKI.issue(CertificateSpec(("example.com",))).chain
    assert matched(Tlsa(2, 0, 1, sha256(chain[1]).digest()), chain=chain) == Match.MATCHED


def test_usage_2_fails_when_the_authority_is_not_sent() -> None:
    record = Tlsa(2, 0, 1, sha256(INTERMEDIATE).digest())
    result = dane.match((record,), CHAIN[:1], NAMES, AT)
    assert result.match == Match.MISMATCH
    assert "its own certificate only" in result.failed[0][1]


def test_a_whole_authority_in_the_record_need_not_be_sent() -> None:
    assert matched(Tlsa(2, 0, 0, INTERMEDIATE), chain=CHAIN[:1]) == Match.MATCHED
    assert matched(Tlsa(2, 0, 0, b"rubbish"), chain=CHAIN[:1]) == Match.MISMATCH


def test_the_bare_key_of_an_authority_need_not_be_sent_as_a_certificate() -> None:
    record = Tlsa(2, 1, 0, key_of(INTERMEDIATE))
    assert matched(record, chain=CHAIN[:1]) == Match.MATCHED
    assert matched(record, chain=CHAIN[:1], names=("mx.example.net",)) == Match.MISMATCH
    assert matched(Tlsa(2, 1, 0, key_of(PKI.anchor))) == Match.MATCHED
    assert matched(Tlsa(2, 1, 0, b"rubbish")) == Match.MISMATCH


@pytest.mark.parametrize("record", [Tlsa(0, 0, 1, bytes(32)), Tlsa(1, 1, 1, bytes(32)), Tlsa(4, 0, 1, bytes(32)), Tlsa(3, 2, 1, bytes(32))])
def test_usages_and_selectors_that_senders_ignore_are_unusable(record: Tlsa) -> None:
    assert matched(record) == Match.UNUSABLE


@pytest.mark.parametrize("record", [Tlsa(3, 1, 3, bytes(32)), Tlsa(3, 1, 1, bytes(31)), Tlsa(3, 1, 2, bytes(32)), Tlsa(3, 1, 0, b"")])
def test_data_that_cannot_be_right_is_unusable(record: Tlsa) -> None:
    assert matched(record) == Match.UNUSABLE


def test_one_fitting_record_is_enough() -> None:
    fitting, other, useless = dane.tlsa_for(key_of(LEAF)), Tlsa(3, 1, 1, bytes(32)), Tlsa(1, 1, 1, bytes(32))
    result = dane.match((useless, other, fitting), CHAIN, NAMES, AT)
    assert (result.match, result.matched, len(result.failed), len(result.unusable)) == (Match.MATCHED, (fitting,), 1, 1)


def test_a_stronger_digest_that_does_not_fit_hides_the_weaker_one_that_does() -> None:
    fitting, stale = dane.tlsa_for(key_of(LEAF)), Tlsa(3, 1, 2, bytes(64))
    assert matched(fitting, stale) == Match.WEAKER_ONLY
    assert matched(fitting, Tlsa(3, 0, 2, bytes(64))) == Match.MATCHED


def test_a_server_without_certificate_matches_nothing() -> None:
    assert matched(dane.tlsa_for(key_of(LEAF)), chain=()) == Match.MISMATCH


ZONE = f"""
example.com. MX 10 mx.example.com.
mx.example.com. A 192.0.2.10
_25._tcp.mx.example.com. TLSA {dane.render(dane.tlsa_for(key_of(LEAF)))}
"""


def discovered(zone: str, *secure: str, trusted: bool = True, validates: bool = True, **other: Reply) -> dane.DaneHost:
    """`other` are replies to `name TYPE` (`tlsa`, `tlsa_unchecked` for the host's TLSA question)."""
    world = ZoneText.parse(zone)

    def reply(ask: Ask) -> Reply:
        if not isinstance(ask, Question):
            return NOT_ASKED
        if ask == Question(".", "SOA"):
            return DnsAnswer("NOERROR", authenticated=validates if trusted else None)
        if ask == Question(f"_25._tcp.{HOST}", "TLSA") and "tlsa" in other:
            return other["tlsa"]
        if ask.checking_disabled and "tlsa_unchecked" in other:
            return other["tlsa_unchecked"]
        return world.answer(ask, secure=secure if trusted else None)

    (host,) = replay(dane.discover("example.com", ScanOptions()), reply).hosts
    return host


SERVFAIL = DnsAnswer("SERVFAIL", authenticated=False)


def test_secure_records_are_found() -> None:
    host = discovered(ZONE, "example.com")
    assert (host.published, host.records) == (Published.SECURE, (dane.tlsa_for(key_of(LEAF)),))


def test_the_state_of_signatures_is_told_apart() -> None:
    assert discovered(ZONE).published == Published.INSECURE_MX
    assert discovered(ZONE, "mx.example.com", "_tcp.mx.example.com").published == Published.INSECURE_MX
    hosted = ZONE.replace("mx.example.com", "mx.example.net")
    assert discovered(hosted, "example.com").published == Published.INSECURE_HOST
    assert discovered(ZONE, trusted=False).published == Published.UNTRUSTED
    assert discovered(ZONE, validates=False).published == Published.UNTRUSTED
    assert discovered("\n".join(ZONE.splitlines()[:3]), "example.com").published == Published.ABSENT
    insecure = DnsAnswer("NOERROR", authenticated=False)
    assert discovered(ZONE, "example.com", tlsa=insecure).published == Published.INSECURE_RECORDS


def test_a_failure_is_bogus_when_there_is_an_answer_without_validation() -> None:
    host = discovered(ZONE, "example.com", tlsa=SERVFAIL)
    assert (host.published, len(host.records)) == (Published.BOGUS, 1)
    assert discovered(ZONE, "example.com", tlsa=SERVFAIL, tlsa_unchecked=SERVFAIL).published == Published.FAILING


def test_silence_is_no_answer() -> None:
    silence = NoAnswer(Silence.TIMEOUT)
    assert discovered(ZONE, "example.com", tlsa=silence).published == Published.UNANSWERED
    assert discovered(ZONE, "example.com", tlsa=SERVFAIL, tlsa_unchecked=silence).published == Published.UNANSWERED


def test_the_name_behind_a_cname_comes_first() -> None:
    zone = """
    example.com. MX 10 mx.example.com.
    mx.example.com. CNAME real.example.com.
    real.example.com. A 192.0.2.10
    """
    at_alias, at_target = (f"_25._tcp.{name}.example.com. TLSA 3 1 1 {'00' * 32}\n" for name in ("mx", "real"))
    assert discovered(zone + at_alias + at_target, "example.com").base == "real.example.com"
    assert discovered(zone + at_alias, "example.com").base == "mx.example.com"
    assert discovered(zone, "example.com").base == "mx.example.com"


def test_records_behind_a_cname_count() -> None:
    records = ZONE.replace("_25._tcp.mx.example.com. TLSA", "_25._tcp.mx.example.com. CNAME tlsa.example.com.\ntlsa.example.com. TLSA")
    assert discovered(records, "example.com").published == Published.SECURE
