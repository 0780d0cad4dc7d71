"""Validation of a route's origin (RFC 6811, 2), and what an origin zone says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record
from hauberk.model.observation import ScanOptions
from hauberk.model.routing import Covering, Vrp
from hauberk.protocols import rpki
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import escape
from hauberk.protocols.rpki import ORIGIN_ZONES, Route, Routed, Validity, parse_origin, validity
from hauberk.protocols.walk import NOT_ASKED, replay

ROUTE = Route("10.0.2.0/24", 64496)


@pytest.mark.parametrize(
    ("vrps", "expected"),
    [
        ((), Validity.NOT_FOUND),
        ((Vrp("10.0.2.0/24", 24, 64496),), Validity.VALID),
        ((Vrp("10.0.0.0/16", 24, 64496),), Validity.VALID),
        ((Vrp("10.0.0.0/16", 23, 64496),), Validity.INVALID),
        ((Vrp("10.0.0.0/16", 16, 64496),), Validity.INVALID),
        ((Vrp("10.0.0.0/16", 24, 64497),), Validity.INVALID),
        ((Vrp("10.0.0.0/16", 16, 64497), Vrp("10.0.0.0/16", 24, 64496)), Validity.VALID),
        ((Vrp("10.0.0.0/16", 24, 0),), Validity.INVALID),
        ((Vrp("10.0.0.0/16", 24, 0), Vrp("10.0.2.0/24", 24, 64496)), Validity.VALID),
        ((Vrp("10.0.2.128/25", 25, 64496),), Validity.NOT_FOUND),
        ((Vrp("10.0.2.128/25", 25, 64497),), Validity.NOT_FOUND),
        ((Vrp("0.0.0.0/0", 24, 64496),), Validity.VALID),
    ],
)
def test_a_route_is_validated_as_routers_do(vrps: tuple[Vrp, ...], expected: Validity) -> None:
    assert validity(ROUTE, vrps) is expected


def test_no_route_of_as_0_is_ever_valid() -> None:
    assert validity(Route("10.0.2.0/24", 0), (Vrp("10.0.2.0/24", 24, 0),)) is Validity.INVALID


def test_ipv6_is_no_different() -> None:
    vrps = (Vrp("2001:db8::/32", 48, 64496),)
    assert validity(Route("2001:db8:1::/48", 64496), vrps) is Validity.VALID
    assert validity(Route("2001:db8:1:2::/64", 64496), vrps) is Validity.INVALID


@pytest.mark.parametrize(
    ("text", "routes"),
    [
        ("23028 | 192.0.2.0/24 | US | arin | 1998-09-25", (Route("192.0.2.0/24", 23028),)),
        ("64496 64497 | 2001:0DB8::/32 | EU", (Route("2001:db8::/32", 64496), Route("2001:db8::/32", 64497))),
        ("64496|192.0.2.0/24", (Route("192.0.2.0/24", 64496),)),
    ],
)
def test_what_an_origin_zone_says_is_read(text: str, routes: tuple[Route, ...]) -> None:
    assert parse_origin(text) == routes


@pytest.mark.parametrize(
    "text", ["", "64496", "NA | 192.0.2.0/24", "64496 | 192.0.2.1/24", "64496 | 192.0.2.0", "| 192.0.2.0/24", "4294967296 | 192.0.2.0/24"]
)
def test_what_is_no_origin_is_malformed(text: str) -> None:
    assert isinstance(parse_origin(text), Malformed)


LENGTHS = {"64496 | 192.0.2.0/24": 24, "1 | 192.0.0.0/16": 16, "2 | 0.0.0.0/0": 0, "3 | 192.0.3.0/24": None}


@given(st.lists(st.text(max_size=60) | st.sampled_from(sorted(LENGTHS)), max_size=5))
def test_whatever_it_says_the_longest_prefix_that_holds_the_address_counts(texts: list[str]) -> None:
    question = Question("10.2.0.192.origin.asn.cymru.com", "TXT")
    answer = DnsAnswer("NOERROR", tuple(Record(question.name, "TXT", 60, escape(text.encode("utf-8", "replace"))) for text in texts))
    routes = Routed("192.0.2.10", question, answer, Covering()).routes
    known = [length for text in texts if (length := LENGTHS.get(text)) is not None]
    assert {route.length for route in routes} == ({max(known)} if known else set())


def test_nothing_is_asked_without_a_source() -> None:
    def never(_ask: object) -> None:
        raise AssertionError("nothing may be asked")

    assert replay(rpki.routed("example.com", ScanOptions()), never) == ()  # type: ignore[arg-type]
    assert replay(rpki.routed("example.com", ScanOptions(origins=ORIGIN_ZONES)), lambda _: NOT_ASKED) == ()


def test_what_the_tape_lacks_is_unknown_and_no_crash() -> None:
    known = {
        Question("example.com", "MX"): DnsAnswer("NOERROR", (Record("example.com", "MX", 60, "10 mx.example.com."),)),
        Question("mx.example.com", "A"): DnsAnswer("NOERROR", (Record("mx.example.com", "A", 60, "192.0.2.10"),)),
    }
    (one,) = replay(rpki.routed("example.com", ScanOptions(origins=ORIGIN_ZONES)), lambda ask: known.get(ask, NOT_ASKED))  # type: ignore[call-overload]
    assert isinstance(one.answer, NoAnswer) and isinstance(one.covering, NoAnswer) and one.routes == ()
