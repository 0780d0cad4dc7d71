"""What AD bits, SERVFAIL and silence are worth."""

import pytest

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols.dnssec import NO_SUCH_NAME, Resolver, State, of_domain, of_hosts, resolver, state, validated, why_bogus
from hauberk.protocols.walk import Ask, Reply, replay

SERVFAIL = DnsAnswer("SERVFAIL", authenticated=False)
SILENT = NoAnswer(Silence.TIMEOUT)
PLAIN = DnsAnswer("NOERROR", authenticated=False)


@pytest.mark.parametrize(
    ("answer", "unchecked", "expected"),
    [
        (DnsAnswer("NOERROR", authenticated=True), None, State.SECURE),
        (DnsAnswer("NXDOMAIN", authenticated=True), None, State.SECURE),
        (PLAIN, None, State.INSECURE),
        (DnsAnswer("NOERROR"), None, State.UNKNOWN),
        (SILENT, None, State.UNKNOWN),
        (SERVFAIL, None, State.UNKNOWN),
        (SERVFAIL, SERVFAIL, State.UNKNOWN),
        (SERVFAIL, SILENT, State.UNKNOWN),
        (SERVFAIL, PLAIN, State.BOGUS),
        (SERVFAIL, DnsAnswer("NXDOMAIN", authenticated=False), State.BOGUS),
        (DnsAnswer("SERVFAIL", authenticated=False, extended_errors=(7,)), None, State.BOGUS),
        (DnsAnswer("SERVFAIL", authenticated=False, extended_errors=(22, 23)), SERVFAIL, State.UNKNOWN),
        (DnsAnswer("SERVFAIL"), PLAIN, State.UNKNOWN),
        (DnsAnswer("REFUSED", authenticated=False), None, State.UNKNOWN),
    ],
)
def test_bogus_needs_an_answer_that_is_there_but_does_not_validate(
    answer: DnsAnswer | NoAnswer, unchecked: DnsAnswer | NoAnswer | None, expected: State
) -> None:
    assert state(answer, unchecked) is expected


def test_only_what_failed_is_asked_again_without_checking() -> None:
    asked: list[Ask] = []

    def reply(ask: Ask) -> Reply:
        asked.append(ask)
        assert isinstance(ask, Question)
        return SERVFAIL if ask.name == "bad.example" and not ask.checking_disabled else PLAIN

    good, bad = replay(validated((Question("good.example", "A"), Question("bad.example", "A"))), reply)
    assert (good.state, bad.state) == (State.INSECURE, State.BOGUS)
    assert asked[2:] == [Question("bad.example", "A", checking_disabled=True)]


def test_the_walks_end_when_nothing_is_answered() -> None:
    assert all(one.state is State.UNKNOWN for one in replay(of_domain("example.com", ScanOptions()), lambda _: SILENT))
    assert replay(of_hosts("example.com", ScanOptions()), lambda _: SILENT) == ()


@pytest.mark.parametrize(("owner", "asked"), [("example.com", True), ("elsewhere.example", False), ("", False)])
def test_only_a_zone_with_keys_of_its_own_is_asked_for_nsec3_parameters(owner: str, asked: bool) -> None:
    keys = DnsAnswer("NOERROR", (Record(owner, "DNSKEY", 60, "257 3 13 AAAA"),) if owner else (), authenticated=True)
    found = replay(of_domain("example.com", ScanOptions()), lambda ask: keys if ask == Question("example.com", "DNSKEY") else PLAIN)
    assert [one.question.type for one in found] == ["SOA", "MX", "TXT", "DNSKEY", "DS", *(["NSEC3PARAM"] if asked else [])]


def test_the_reasons_of_a_bogus_answer_are_named() -> None:
    assert why_bogus(DnsAnswer("SERVFAIL", extended_errors=(7, 10))) == "signature expired, RRSIGs missing"
    assert why_bogus(SILENT) == ""


NXDOMAIN = DnsAnswer("NXDOMAIN", authenticated=True)
LIE = DnsAnswer("NOERROR", (Record(NO_SUCH_NAME, "A", 60, "203.0.113.1"),))


@pytest.mark.parametrize(
    ("root", "nothing", "trusted", "validates", "lies"),
    [
        (DnsAnswer("NOERROR", authenticated=True), NXDOMAIN, True, True, False),
        (PLAIN, NXDOMAIN, True, False, False),
        (DnsAnswer("NOERROR"), LIE, False, None, True),
        (SERVFAIL, SERVFAIL, True, None, None),
        (SILENT, SILENT, True, None, None),
        (DnsAnswer("NOERROR", authenticated=True), DnsAnswer("NOERROR"), True, True, False),
    ],
)
def test_two_known_answers_tell_what_a_resolver_is_like(
    root: DnsAnswer | NoAnswer, nothing: DnsAnswer | NoAnswer, trusted: bool, validates: bool | None, lies: bool | None
) -> None:
    found = replay(resolver("example.com", ScanOptions()), lambda ask: root if ask == Question(".", "SOA") else nothing)
    assert found == Resolver(root, nothing)
    assert (found.trusted_path, found.validates, found.lies) == (trusted, validates, lies)
