"""Block lists: names asked, meaning of what comes back, health of the list (RFC 5782)."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols.dnsbl import MOST_ADDRESSES, BlockList, Code, Kind, lists, meaning, reversed_address, survey
from hauberk.protocols.walk import Ask, Reply, replay

ZEN = next(one for one in lists() if one.zone == "zen.spamhaus.org")


def test_addresses_are_reversed_by_octet_and_by_nibble() -> None:
    assert reversed_address("192.0.2.99") == "99.2.0.192"
    assert (
        reversed_address("2001:db8:1:2:3:4:567:89ab") == "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2"
    )  # RFC 5782, 2.4


@given(st.ip_addresses())
def test_a_reversed_address_is_that_of_reverse_dns(address: object) -> None:
    assert ip_address(str(address)).reverse_pointer.startswith(reversed_address(str(address)) + ".")


def test_the_curated_lists_are_whole() -> None:
    assert len({one.zone for one in lists()}) == len(lists()) >= 8
    for one in lists():
        assert one.name and one.codes and one.removal.startswith("https://")
        assert one.holds(one.listed) and one.holds(one.unlisted)
        assert any(code.kind is Kind.LISTED for code in one.codes)


@pytest.mark.parametrize(
    ("returned", "kind"),
    [
        ("127.0.0.2", Kind.LISTED),
        ("127.0.0.5", Kind.LISTED),
        ("127.0.0.10", Kind.POLICY),
        ("127.255.255.254", Kind.REFUSED),
        ("127.255.255.1", Kind.REFUSED),
        ("127.0.0.77", Kind.LISTED),
        ("203.0.113.1", Kind.REFUSED),
    ],
)
def test_a_code_that_refuses_us_is_no_listing(returned: str, kind: Kind) -> None:
    assert meaning(ZEN, returned).kind is kind


def test_a_list_holds_what_it_is_of() -> None:
    names = BlockList("n", "n.example", True, (Code("*", Kind.LISTED, ""),))
    assert names.holds("example.com") and not names.holds("192.0.2.1")
    assert ZEN.holds("192.0.2.1") and ZEN.holds("2001:db8::1") and not ZEN.holds("example.com")
    assert not next(one for one in lists() if one.zone == "bl.spamcop.net").holds("2001:db8::1")


class Lists:
    """Healthy lists, one host at `addresses`; `entries` are further records by name and type."""

    def __init__(self, entries: dict[tuple[str, str], str] | None = None, addresses: tuple[str, ...] = ("192.0.2.10",)) -> None:
        self.entries = {(one.question(one.listed).name, "A"): "127.0.0.2" for one in lists()} | (entries or {})
        self.addresses = addresses
        self.asked: list[Ask] = []

    def __call__(self, ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        self.asked.append(ask)
        if ask == Question("example.com", "MX"):
            return DnsAnswer("NOERROR", (Record("example.com", "MX", 60, "10 mx.example.com."),))
        if ask == Question("mx.example.com", "A"):
            return DnsAnswer("NOERROR", tuple(Record(ask.name, "A", 60, one) for one in self.addresses))
        data = self.entries.get((ask.name, ask.type), "")
        if data == "silent":
            return NoAnswer(Silence.TIMEOUT)
        return DnsAnswer("NOERROR" if data else "NXDOMAIN", (Record(ask.name, ask.type, 60, data),) if data else ())


def test_a_listing_comes_with_its_meaning_and_reason() -> None:
    name = "10.2.0.192.zen.spamhaus.org"
    found = replay(survey("example.com", ScanOptions()), Lists({(name, "A"): "127.0.0.4", (name, "TXT"): '"https://check.example/"'}))
    zen = next(one for one in found if one.block_list is ZEN)
    assert zen.alive is True
    (lookup,) = zen.lookups
    assert (lookup.subject, lookup.returned, lookup.matched[0].kind, lookup.reason) == (
        "192.0.2.10",
        ("127.0.0.4",),
        Kind.LISTED,
        "https://check.example/",
    )
    assert all(not one.lookups[0].matched for one in found if one.block_list is not ZEN)


@pytest.mark.parametrize(
    ("entry", "returned", "alive"),
    [
        ("2.0.0.127", "", False),
        ("2.0.0.127", "203.0.113.5", False),
        ("1.0.0.127", "127.0.0.2", False),
        ("2.0.0.127", "silent", None),
    ],
)
def test_a_list_whose_test_entries_are_wrong_is_not_alive(entry: str, returned: str, alive: bool | None) -> None:
    found = replay(survey("example.com", ScanOptions()), Lists({(f"{entry}.zen.spamhaus.org", "A"): returned}))
    assert next(one for one in found if one.block_list is ZEN).alive is alive


def test_a_list_says_that_it_refuses_us_through_its_test_entry() -> None:
    found = replay(survey("example.com", ScanOptions()), Lists({("2.0.0.127.zen.spamhaus.org", "A"): "127.255.255.254"}))
    assert next(one for one in found if one.block_list is ZEN).refusal == "asked through a public or open resolver"


def test_nothing_is_asked_when_the_operator_does_not_want_it() -> None:
    world = Lists()
    assert replay(survey("example.com", ScanOptions(blocklists=False)), world) == ()
    assert world.asked == []


def test_many_addresses_do_not_make_many_questions() -> None:
    world = Lists(addresses=tuple(f"192.0.2.{number}" for number in range(200)))
    replay(survey("example.com", ScanOptions()), world)
    assert len(world.asked) < 3 + len(lists()) * (MOST_ADDRESSES + 3)
