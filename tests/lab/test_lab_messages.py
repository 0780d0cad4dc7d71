"""The lab's own reading and writing of DNS messages, held against dnspython and against noise."""

import contextlib

import dns.flags
import dns.message
import dns.name
from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.messages import LARGEST_UDP, RA, Query, Reply, parse_query, render_reply
from hauberk.lab.nameserver import NameServer, Resolver
from hauberk.lab.zones import Status, Zone, Zones, parse_records
from hauberk.model.dns import Record

LABELS = st.binary(min_size=1, max_size=20)
NAMES = st.lists(LABELS, max_size=6).map(lambda labels: dns.name.Name([*labels, b""]))
TYPES = st.sampled_from(["A", "AAAA", "MX", "TXT", "CAA", "TLSA", "NSEC", "DS", "DNSKEY", "ANY", "TYPE65280"])


def zones() -> Zones:
    made = Zones()
    records = parse_records('@ MX 10 mx\n* TXT "wild"\nd DNAME other.test.\n', "a.test")
    made.add(
        Zone("a.test", [r if r.type != "MX" else Record(r.name, "MX", 5, "10 mx.a.test.") for r in records], Status.SECURE, ("192.0.2.53",))
    )
    return made


SERVER = NameServer(Resolver(zones()))


@given(NAMES, TYPES, st.booleans(), st.booleans(), st.integers(0, 65535))
def test_a_query_is_read_as_dnspython_wrote_it(name: dns.name.Name, kind: str, ad: bool, do: bool, number: int) -> None:
    made = dns.message.make_query(name, kind, want_dnssec=do, use_edns=0, id=number, flags=dns.flags.RD | (dns.flags.AD if ad else 0))
    query = parse_query(made.to_wire())
    assert isinstance(query, Query)
    assert dns.name.from_text(query.name) == name.canonicalize()
    assert (query.id, query.type, query.dnssec_ok, query.wants_ad) == (number, kind, do, ad or do)
    assert query.recursion_desired and not query.checking_disabled


@given(NAMES, TYPES, st.booleans())
def test_every_query_gets_a_reply_that_dnspython_reads(name: dns.name.Name, kind: str, below: bool) -> None:
    asked = dns.name.Name([*name.labels[:-1], b"D" if below else b"x", b"a", b"TEST", b""])
    made = dns.message.make_query(asked, kind, use_edns=0, flags=dns.flags.RD)
    for stream in (True, False):
        octets = SERVER.reply(made.to_wire(), stream=stream)
        assert octets is not None
        reply = dns.message.from_wire(octets)
        assert made.is_response(reply) and reply.flags & dns.flags.RA


@given(st.binary(max_size=600))
def test_noise_is_survived(noise: bytes) -> None:
    SERVER.reply(noise, stream=False)
    SERVER.reply(b"\0\1\1\0\0\1\0\0\0\0\0\1" + noise, stream=True)


@given(st.text(max_size=80))
def test_lines_that_are_no_records_raise_value_errors_only(text: str) -> None:
    with contextlib.suppress(ValueError):
        parse_records(text, "a.test")


@given(st.integers(0, 40), st.integers(0, 4096), st.booleans())
def test_no_reply_is_larger_than_the_client_can_take(records: int, payload: int, stream: bool) -> None:
    made = dns.message.make_query("a.test", "TXT", use_edns=0 if payload else False, payload=payload)
    query = parse_query(made.to_wire())
    assert query
    answer = tuple(Record("a.test", "TXT", 60, f'"{number:060}"') for number in range(records))
    octets = render_reply(query, Reply("NOERROR", answer, flags=RA), stream=stream)
    limit = 65_535 if stream else min(max(payload, 512), LARGEST_UDP)
    assert len(octets) <= limit
    reply = dns.message.from_wire(octets, ignore_trailing=False)
    if not reply.flags & dns.flags.TC:
        assert sum(len(rrset) for rrset in reply.answer) == records
