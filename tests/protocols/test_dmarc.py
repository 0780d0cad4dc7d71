"""DMARC records and their discovery, by RFC 9989 and by RFC 7489."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols.dmarc import Dmarc, Dmarc7489, DmarcDiscovery, Permission, Policy, discover, parse, parse_7489, render
from hauberk.protocols.dmarc.discovery import tree
from hauberk.protocols.dmarc.record import amended
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.walk import Ask, Reply, replay

SILENT = "silent"
ADDRESSES = st.sampled_from(["mailto:a@example.com", "mailto:b@reports.example.net!10m", "https://example.org/r"])
KNOWN_TAGS = st.fixed_dictionaries(
    {},
    optional={
        "p": st.sampled_from(["none", "quarantine", "reject", "Reject"]),
        "sp": st.sampled_from(["none", "quarantine", "reject"]),
        "np": st.sampled_from(["none", "quarantine", "reject"]),
        "adkim": st.sampled_from(["r", "s"]),
        "fo": st.sampled_from(["0", "1", "d:s", "1:d:s"]),
        "psd": st.sampled_from(["y", "n", "u"]),
        "t": st.sampled_from(["y", "n"]),
        "rua": st.lists(ADDRESSES, min_size=1, max_size=3).map(",".join),
    },
)


def discovered(zone: Mapping[str, str], domain: str = "example.com") -> DmarcDiscovery:
    """Discovery in a world where `zone` has a TXT record for each name of `_dmarc.`, several set apart by newlines."""

    def reply(ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        if ask.type == "MX":
            return DnsAnswer("NXDOMAIN") if ask.name.startswith("missing.") else DnsAnswer("NOERROR")
        text = zone.get(ask.name)
        if text is None:
            return DnsAnswer("NXDOMAIN")
        if text == SILENT:
            return NoAnswer(Silence.TIMEOUT)
        return DnsAnswer("NOERROR", tuple(Record(ask.name, "TXT", 300, render_txt(line)) for line in text.splitlines()))

    return replay(discover(domain, ScanOptions()), reply)


@given(st.text())
def test_any_text_gives_a_record_or_malformed(text: str) -> None:
    for read in (parse(text), parse_7489(text), parse("v=DMARC1;" + text), parse_7489("v=DMARC1;" + text)):
        if isinstance(read, Malformed):
            read.marked()


@given(KNOWN_TAGS)
def test_rendering_and_parsing_are_inverse(tags: dict[str, str]) -> None:
    record = parse("; ".join(["v=DMARC1", *(f"{name}={value}" for name, value in tags.items())]))
    assert isinstance(record, Dmarc)
    assert not record.faults
    assert parse(render(record)) == record


@given(KNOWN_TAGS, st.sampled_from(["p", "sp", "np"]))
def test_an_amended_record_is_read_alike_by_both_rfcs(tags: dict[str, str], name: str) -> None:
    record = parse("; ".join(["v=DMARC1", *(f"{tag}={value}" for tag, value in tags.items())]))
    text = amended(record, (name, "reject"))
    new, old = parse(text), parse_7489(text)
    assert isinstance(new, Dmarc) and isinstance(old, Dmarc7489)
    assert getattr(new, name) is Policy.REJECT
    assert new.p is old.p and not old.faults


@given(st.text(max_size=20), st.lists(st.tuples(st.sampled_from("p sp np adkim aspf fo rua ruf psd t pct".split()), st.text(max_size=30))))
def test_an_amended_record_has_nothing_that_is_ignored(between: str, tags: list[tuple[str, str]]) -> None:
    made = parse(amended(parse(f"v=DMARC1;{between};" + ";".join(f"{name}={value}" for name, value in tags))))
    assert isinstance(made, Dmarc) and not made.faults


@pytest.mark.parametrize(
    ("published", "mended"),
    [
        ("p=rejekt; sp=non; np=?", "p=reject; sp=none"),
        ("p=none; rua=a@example.com", "p=none; rua=mailto:a@example.com"),
        ("p=none; rua=mailto:a@example.com,,b@,mailto: c@example.com ; ruf=nobody", "p=none; rua=mailto:a@example.com"),
        ("p=none; adkim=Strict; aspf=x; fo=1:1:e:d; t=yes; psd=U", "p=none; adkim=s; fo=1:d; psd=u"),
    ],
)
def test_values_that_receivers_ignore_are_put_right_or_left_out(published: str, mended: str) -> None:
    assert amended(parse(f"v=DMARC1; {published}")) == f"v=DMARC1; {mended}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("v=dmarc1; p=reject", "capitals"),
        ("v=DMARC2; p=reject", "not DMARC1"),
        ("p=reject; v=DMARC1", "before v=DMARC1"),
        (" v=DMARC1; p=reject", "before v=DMARC1"),
        ("\N{NO-BREAK SPACE}v=DMARC1; p=reject", "missing"),
        ("v=DMARC1,p=reject", "not DMARC1"),
        ("p=reject", "missing"),
        ("", "missing"),
        ("v=DMARC1; p=rejct", "no DMARC at all"),
        ("v=DMARC1; p=reject sp=none", "no DMARC at all"),
        ("v=DMARC1; p=reject; sp=all", "no DMARC at all"),
    ],
)
def test_what_receivers_discard_is_malformed(text: str, reason: str) -> None:
    read = parse(text)
    assert isinstance(read, Malformed)
    assert reason in read.reason


def test_a_policy_that_cannot_be_read_counts_as_none_when_reports_are_wanted() -> None:
    record = parse("v=DMARC1; p=rejct; sp=reject; rua=mailto:a@example.com")
    assert isinstance(record, Dmarc)
    assert (record.for_domain, record.for_subdomains) == (Policy.NONE, Policy.NONE)
    assert record.faults[0].marked() == "v=DMARC1; p=>>rejct<<; sp=reject; rua=mailto:a@exam"


def test_a_record_without_policy_asks_for_none() -> None:
    record = parse("V=DMARC1")
    assert isinstance(record, Dmarc) and record.for_nonexistent is Policy.NONE
    assert isinstance(parse_7489("v=DMARC1"), Malformed)


def test_test_mode_lowers_one_level() -> None:
    record = parse("v=DMARC1;p=reject;sp=quarantine;t=Y;")
    assert isinstance(record, Dmarc)
    assert record.applied(record.for_domain) is Policy.QUARANTINE
    assert record.applied(record.for_subdomains) is Policy.NONE


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("a@example.com", "mailto:"),
        ("mailto:example.com", "complete"),
        ("", "between"),
        ("mailto:a@nowhere", "single label"),
        ("x y", "no URI"),
    ],
)
def test_a_wrong_report_address_is_marked(uri: str, reason: str) -> None:
    record = parse(f"v=DMARC1; p=none; rua=mailto:ok@example.com,{uri}")
    assert isinstance(record, Dmarc)
    assert [address.host for address in record.rua] == ["example.com"]
    assert reason in record.faults[0].reason


def test_rfc_7489_reads_pct_and_wants_p_second() -> None:
    record = parse_7489("v=DMARC1; rua=mailto:a@example.com; p=reject; pct=25")
    assert isinstance(record, Dmarc7489)
    assert record.pct == 25
    assert "directly behind v" in record.faults[0].reason


def test_the_walk_asks_the_eight_names_of_the_rfc() -> None:
    assert tree("a.b.c.d.e.f.g.h.i.j.mail.example.com") == (
        "a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
        "j.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    )
    assert len(tree("a.b.c.d.e.f.example.com")) == 8


def test_without_psd_the_name_with_fewest_labels_is_the_organisational_domain() -> None:
    zone = {"_dmarc.mail.example.com": "v=DMARC1; p=none", "_dmarc.example.com": "v=DMARC1; p=reject; sp=quarantine"}
    found = discovered(zone, "a.mail.example.com")
    assert found.organisational == "example.com"
    assert (found.own.policy_domain, found.own.policy, found.own.tag) == ("example.com", Policy.QUARANTINE, "sp")


def test_psd_n_makes_an_organisational_domain() -> None:
    zone = {"_dmarc.mail.example.com": "v=DMARC1; p=none; psd=n", "_dmarc.example.com": "v=DMARC1; p=reject"}
    found = discovered(zone, "a.mail.example.com")
    assert (found.organisational, found.own.policy_domain) == ("mail.example.com", "mail.example.com")
    assert [step.domain for step in found.steps] == ["a.mail.example.com", "mail.example.com"]


def test_below_a_public_suffix_domain_its_record_applies_where_there_is_no_other() -> None:
    zone = {"_dmarc.example.com": "v=DMARC1; p=reject; sp=quarantine; np=none; psd=y"}
    found = discovered(zone, "a.mail.example.com")
    assert (found.organisational, found.own.policy) == ("mail.example.com", Policy.QUARANTINE)
    assert discovered(zone, "missing.example.com").own.policy is Policy.NONE
    own = {**zone, "_dmarc.mail.example.com": "v=DMARC1; p=reject"}
    assert discovered(own, "a.mail.example.com").own.policy_domain == "mail.example.com"


def test_the_own_record_governs_the_domain_but_the_organisational_one_its_subdomains() -> None:
    zone = {"_dmarc.mail.example.com": "v=DMARC1; p=reject; sp=reject", "_dmarc.example.com": "v=DMARC1; p=none"}
    found = discovered(zone, "mail.example.com")
    assert (found.own.policy, found.subdomains.policy) == (Policy.REJECT, Policy.NONE)
    assert found.subdomains.policy_domain == "example.com"


def test_two_records_at_one_name_are_both_discarded() -> None:
    zone = {"_dmarc.example.com": "v=DMARC1; p=reject\nv=DMARC1; p=none\nv=spf1 -all"}
    found = discovered(zone)
    assert found.own.record is None
    assert (len(found.at_domain.texts), found.at_domain.others) == (2, 1)
    assert found.legacy.record is None


def test_silence_at_the_domain_leaves_the_policy_open_and_at_a_suffix_it_does_not() -> None:
    assert discovered({"_dmarc.example.com": SILENT}).unanswered
    assert not discovered({"_dmarc.example.com": "v=DMARC1; p=none", "_dmarc.com": SILENT}).unanswered
    found = discovered({"_dmarc.a.example.com": "v=DMARC1; p=none", "_dmarc.example.com": SILENT}, "a.example.com")
    assert not found.unanswered and found.unanswered_below


def test_reports_elsewhere_need_a_permission_there() -> None:
    zone = {
        "_dmarc.example.com": "v=DMARC1; rua=mailto:a@mail.example.com,mailto:b@yes.example,mailto:c@no.example; ruf=mailto:d@slow.example",
        "example.com._report._dmarc.yes.example": "something else\nv=DMARC1",
        "example.com._report._dmarc.no.example": "v=dmarc1",
        "example.com._report._dmarc.slow.example": SILENT,
    }
    permissions = [destination.permission for destination in discovered(zone).destinations]
    assert permissions == [Permission.OWN, Permission.GRANTED, Permission.MISSING, Permission.UNKNOWN]


def test_rfc_7489_looks_at_the_registrable_domain_only() -> None:
    zone = {"_dmarc.b.example.com": "v=DMARC1; p=reject"}
    found = discovered(zone, "a.b.example.com")
    assert found.own.policy is Policy.REJECT
    assert found.legacy.record is None
    assert found.legacy.organisational == "example.com"


@given(st.dictionaries(st.sampled_from(["_dmarc.a.b.example.com", "_dmarc.b.example.com", "_dmarc.example.com", "_dmarc.com"]), st.text()))
def test_discovery_ends_on_any_zone(zone: dict[str, str]) -> None:
    found = discovered({name: f"v=DMARC1;{text}" if len(text) % 2 else text for name, text in zone.items()}, "a.b.example.com")
    assert found.steps[0].domain == "a.b.example.com"


def test_names_that_cannot_exist_are_not_asked() -> None:
    long = ".".join(["a" * 60] * 4)
    zone = {f"_dmarc.{long}": "v=DMARC1; p=none; rua=mailto:x@other.example", "_dmarc.example.com": "v=DMARC1; p=none"}
    assert discovered(zone, long).destinations[0].permission is Permission.MISSING
    longer = "b." * 120 + "example.com"
    assert discovered(zone, longer).own.policy_domain == "example.com"
