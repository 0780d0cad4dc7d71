"""CAA records and the climb to the set that holds (RFC 8659)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols.caa import MOST_STEPS, CaaRecord, Issuer, parse, parse_issuer, relevant, render, survey
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.walk import Ask, Reply, replay

RECORDS = st.builds(
    CaaRecord,
    st.integers(0, 255),
    st.from_regex(r"[a-z0-9]{1,15}", fullmatch=True),
    st.text(st.characters(min_codepoint=0, max_codepoint=126)),
)


@given(RECORDS)
def test_a_rendered_record_parses_to_itself(record: CaaRecord) -> None:
    assert parse(render(record)) == record


@given(st.text())
def test_parsing_never_raises(text: str) -> None:
    assert isinstance(parse(text), (CaaRecord, Malformed))
    assert isinstance(parse_issuer(text), (Issuer, Malformed))


@pytest.mark.parametrize(
    ("value", "issuer"),
    [
        ("letsencrypt.org", Issuer("letsencrypt.org")),
        (" CA1.example.net ; Account=230123 ", Issuer("ca1.example.net", (("account", "230123"),))),
        ("ca.example; validationmethods=dns-01; accounturi=https://x/1;", None),
        (";", Issuer("")),
        ("", Issuer("")),
        ("; policy=ev", Issuer("", (("policy", "ev"),))),
    ],
)
def test_the_value_of_issue_is_read(value: str, issuer: Issuer | None) -> None:
    parsed = parse_issuer(value)
    assert parsed == issuer if issuer else isinstance(parsed, Issuer)


@pytest.mark.parametrize("value", ["%%%%%", "https://letsencrypt.org", "a b", "ca.example; x", "ca.example;; a=b", "ca.example."])
def test_a_malformed_value_of_issue_allows_nobody(value: str) -> None:
    assert isinstance(parse_issuer(value), Malformed)


@pytest.mark.parametrize("data", ["", "issue", '256 issue "a"', '0 iss-ue "a"', '0 issue "a', "-1 issue a"])
def test_malformed_records_are_told(data: str) -> None:
    assert isinstance(parse(data), Malformed)


def test_a_hostile_value_is_read_quickly() -> None:
    start = time.process_time()
    for value in (" " * 60000 + "%", "a" * 60000 + "%", "a-" * 30000, "a." * 30000, ";" * 60000, "x;" + " " * 60000 + "%"):
        parse_issuer(value)
        parse(f'0 issue "{value}')
    assert time.process_time() - start < 2


class Tree:
    """Answers from a table of CAA sets; other names exist without one."""

    def __init__(self, **sets: str) -> None:
        self.sets = sets
        self.asked: list[str] = []

    def __call__(self, ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        self.asked.append(f"{ask.name} {ask.type}")
        if ask.type == "MX":
            return DnsAnswer(
                "NOERROR", (Record(ask.name, "MX", 60, "10 a.mx.other.net."), Record(ask.name, "MX", 60, "20 b.mx.other.net."))
            )
        data = self.sets.get(ask.name.replace(".", "_"))
        if data == "silent":
            return NoAnswer(Silence.TIMEOUT)
        return DnsAnswer("NOERROR", (Record(ask.name, "CAA", 60, data),) if data else ())


def test_the_climb_ends_at_the_closest_set() -> None:
    tree = Tree(example_com='0 issue "ca.example"', com='0 issue ";"')
    found = replay(relevant("a.b.example.com"), tree)
    assert tree.asked == ["a.b.example.com CAA", "b.example.com CAA", "example.com CAA"]
    assert (found.found_at, found.records) == ("example.com", (CaaRecord(0, "issue", "ca.example"),))


def test_the_climb_leaves_the_root_out() -> None:
    tree = Tree()
    assert replay(relevant("a.example.com"), tree).found_at == ""
    assert tree.asked[-1] == "com CAA"


def test_an_ancestor_that_is_silent_leaves_the_set_unknown() -> None:
    found = replay(relevant("a.example.com"), Tree(example_com="silent", com='0 issue ";"'))
    assert found.unanswered == NoAnswer(Silence.TIMEOUT)
    assert found.asked_last == "example.com"


def test_a_deep_name_does_not_make_a_long_climb() -> None:
    tree = Tree()
    replay(relevant(".".join("a" * 120)), tree)
    assert len(tree.asked) == MOST_STEPS


def test_the_hosts_of_the_mx_set_are_asked_beside_the_domain() -> None:
    found = replay(survey("example.com", ScanOptions()), Tree(other_net='0 issue "ca.example"'))
    assert [(one.name, one.found_at) for one in found] == [
        ("example.com", ""),
        ("a.mx.other.net", "other.net"),
        ("b.mx.other.net", "other.net"),
    ]
