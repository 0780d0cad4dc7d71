"""The lab's resolver answers as a validating one would; its authoritative servers answer for themselves. dnspython asks."""

import asyncio
import socket
import time
from typing import cast

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from hauberk.lab.background import in_background
from hauberk.lab.declared import parse_world
from hauberk.lab.internet import Lab
from hauberk.lab.nameserver import Lie


def port(lab: Lab) -> int:
    return int(lab.resolver_url.rpartition(":")[2])


def ask(
    lab: Lab, name: str, kind: str, *, ad: bool = True, cd: bool = False, edns: bool = True, tcp: bool = False, at: int = 0, rd: bool = True
) -> dns.message.Message:
    flags = (dns.flags.RD if rd else 0) | (dns.flags.AD if ad else 0) | (dns.flags.CD if cd else 0)
    query = dns.message.make_query(name, kind, use_edns=0 if edns else False, payload=1232, flags=flags)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, "127.0.0.1", timeout=3, port=at or port(lab))


def data(message: dns.message.Message) -> list[str]:
    lines = (line for rrset in message.answer for line in rrset.to_text().splitlines())
    return sorted(line.split(" ", 4)[4] for line in lines)


def rcode(message: dns.message.Message) -> str:
    return dns.rcode.to_text(message.rcode())


def authenticated(message: dns.message.Message) -> bool:
    return bool(message.flags & dns.flags.AD)


def extended_errors(message: dns.message.Message) -> list[int]:
    options = cast(tuple[dns.edns.Option, ...], message.options)  # pyright: ignore[reportUnknownMemberType]
    return [int(option.code) for option in options if isinstance(option, dns.edns.EDEOption)]


def test_a_signed_zone_is_answered_with_ad(lab: Lab) -> None:
    answer = ask(lab, "exemplary.test", "MX")
    assert data(answer) == ["10 mx1.exemplary.test.", "20 mx2.exemplary.test."]
    assert authenticated(answer) and answer.flags & dns.flags.RA and rcode(answer) == "NOERROR"


def test_without_ad_or_do_in_the_query_there_is_no_ad(lab: Lab) -> None:
    assert not authenticated(ask(lab, "exemplary.test", "MX", ad=False))
    query = dns.message.make_query("exemplary.test", "MX", want_dnssec=True)
    assert authenticated(dns.query.udp(query, "127.0.0.1", timeout=3, port=port(lab)))


def test_an_unsigned_zone_is_answered_without_ad(lab: Lab) -> None:
    answer = ask(lab, "typical.test", "MX")
    assert data(answer) == ["10 mail.typical.test."] and not authenticated(answer)


def test_a_bogus_zone_is_servfail_unless_checking_is_disabled(lab: Lab) -> None:
    answer = ask(lab, "bogus.test", "MX")
    assert rcode(answer) == "SERVFAIL" and not answer.answer and extended_errors(answer) == [6]
    unchecked = ask(lab, "bogus.test", "MX", cd=True)
    assert data(unchecked) == ["10 mx.bogus.test."] and not authenticated(unchecked)


def test_one_bogus_question(lab: Lab) -> None:
    assert rcode(ask(lab, "_25._tcp.mx.tlsa-bogus.test", "TLSA")) == "SERVFAIL"
    assert rcode(ask(lab, "_25._tcp.mx.tlsa-bogus.test", "TLSA", cd=True)) == "NXDOMAIN"
    assert authenticated(ask(lab, "tlsa-bogus.test", "MX"))


def test_the_root_is_signed_and_invalid_does_not_exist(lab: Lab) -> None:
    assert authenticated(ask(lab, ".", "SOA")) and data(ask(lab, ".", "SOA"))
    absent = ask(lab, "something.invalid", "A")
    assert rcode(absent) == "NXDOMAIN" and authenticated(absent)
    assert absent.authority[0].rdtype == dns.rdatatype.SOA


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("nothing.exemplary.test", "A", "NXDOMAIN"),
        ("exemplary.test", "LOC", "NOERROR"),  # other types exist
        ("_tcp.mx1.exemplary.test", "TXT", "NOERROR"),  # an empty non-terminal
        ("nosuch.test", "MX", "NXDOMAIN"),
        ("ltd.test", "A", "NOERROR"),  # a zone lies below
    ],
)
def test_names_that_do_not_exist_differ_from_names_without_data(lab: Lab, name: str, kind: str, expected: str) -> None:
    answer = ask(lab, name, kind)
    assert rcode(answer) == expected and not answer.answer and answer.authority


def test_aliases_are_followed_into_other_zones(lab: Lab) -> None:
    answer = ask(lab, "autodiscover.typical.test", "A")
    assert data(answer) == ["203.0.113.81", "autodiscover.provider.example."]
    assert not authenticated(answer), "the alias itself is in an unsigned zone"
    assert "v=DMARC1" in data(ask(lab, "_dmarc.dmarc-cname.test", "TXT"))[0]


def test_an_alias_loop_is_servfail(lab: Lab) -> None:
    assert rcode(ask(lab, "mx.cname-loop.test", "A")) == "SERVFAIL"


def test_dname_renames_what_is_below(lab: Lab) -> None:
    answer = ask(lab, "_dmarc.dname.test", "TXT")
    assert data(answer) == ['"v=DMARC1; p=reject"', "_dmarc.dname-target.example.", "dname-target.example."]
    assert rcode(ask(lab, "nothing.dname.test", "A")) == "NXDOMAIN"
    assert data(ask(lab, "dname.test", "MX")), "the owner of the DNAME keeps its own records"


def test_wildcards_answer_only_for_names_that_do_not_exist(lab: Lab) -> None:
    answer = ask(lab, "_dmarc.wildcard-txt.test", "TXT")
    assert len(data(answer)) == 2 and answer.answer[0].name.to_text() == "_dmarc.wildcard-txt.test."
    assert not ask(lab, "mx.wildcard-txt.test", "TXT").answer
    assert rcode(ask(lab, "a.b.wildcard-txt.test", "MX")) == "NOERROR"


def test_a_large_set_comes_over_tcp(lab: Lab) -> None:
    answer = ask(lab, "big-txt.test", "TXT")
    assert answer.flags & dns.flags.TC and not answer.answer
    whole = ask(lab, "big-txt.test", "TXT", tcp=True)
    assert len(data(whole)) == 13 and sum(map(len, data(whole))) > 60_000 and not whole.flags & dns.flags.TC


def test_without_edns_512_octets_are_the_limit(lab: Lab) -> None:
    assert ask(lab, "s1._domainkey.exemplary.test", "TXT").answer
    plain = ask(lab, "twelve-mx.test", "MX", edns=False)
    assert plain.opt is None and (plain.answer or plain.flags & dns.flags.TC)


def test_faults_of_single_questions(lab: Lab) -> None:
    assert rcode(ask(lab, "servfail-caa.test", "CAA")) == "SERVFAIL"
    assert ask(lab, "servfail-caa.test", "MX").answer
    query = dns.message.make_query("silent-txt.test", "TXT")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, "127.0.0.1", timeout=0.2, port=port(lab))


def test_signed_zones_have_keys_and_denials_that_can_be_walked(lab: Lab) -> None:
    assert data(ask(lab, "exemplary.test", "DNSKEY")) and data(ask(lab, "exemplary.test", "DS"))
    assert not data(ask(lab, "typical.test", "DS")) and not data(ask(lab, "typical.test", "DNSKEY"))
    assert data(ask(lab, "no-ds.test", "DNSKEY")) and not data(ask(lab, "no-ds.test", "DS"))
    name, seen = "exemplary.test.", set[str]()
    while name not in seen:
        seen.add(name)
        (record,) = data(ask(lab, name, "NSEC"))
        name = record.split()[0]
    assert {"s1._domainkey.exemplary.test.", "_dmarc.exemplary.test.", "mx2.exemplary.test."} <= seen


@pytest.mark.parametrize("name", ["exemplary.test", "inconsistent.test"])
def test_authoritative_servers_answer_for_themselves(lab: Lab, name: str) -> None:
    first, second = (ask(lab, name, "MX", rd=False, at=lab.routes[(server, 53)][1]) for server in ("192.0.2.53", "198.51.100.53"))
    assert first.flags & second.flags & dns.flags.AA and not first.flags & dns.flags.RA
    assert (data(first) == data(second)) is (name == "exemplary.test")


def test_a_lame_server_refuses_and_a_silent_one_says_nothing(lab: Lab) -> None:
    assert len(data(ask(lab, "lame.test", "NS"))) == 3
    assert ask(lab, "lame.test", "MX").answer
    assert rcode(ask(lab, "lame.test", "MX", rd=False, at=lab.routes[("203.0.113.53", 53)][1])) == "REFUSED"
    with pytest.raises(dns.exception.Timeout):
        query = dns.message.make_query("lame.test", "MX")
        dns.query.udp(query, "127.0.0.1", timeout=0.2, port=lab.routes[("203.0.113.54", 53)][1])
    assert data(ask(lab, "ns1.dns.example", "A")) == ["192.0.2.53"]


def test_block_lists_are_alive(lab: Lab) -> None:
    assert data(ask(lab, "2.0.0.127.zen.spamhaus.org", "A")) == ["127.0.0.2"]
    assert rcode(ask(lab, "1.0.0.127.zen.spamhaus.org", "A")) == "NXDOMAIN"
    assert data(ask(lab, "66.2.0.192.zen.spamhaus.org", "A")) == ["127.0.0.2"]
    assert rcode(ask(lab, "11.2.0.192.zen.spamhaus.org", "A")) == "NXDOMAIN"


def test_reverse_names(lab: Lab) -> None:
    assert data(ask(lab, "11.2.0.192.in-addr.arpa", "PTR")) == ["mx1.exemplary.test."]
    assert rcode(ask(lab, "66.100.51.198.in-addr.arpa", "PTR")) == "NXDOMAIN"


def test_odd_messages_do_no_harm(lab: Lab) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.connect(("127.0.0.1", port(lab)))
        for message in (b"", b"\0", b"\xff" * 40, b"\x12\x34\x01\0\0\1" + bytes(6) + b"\x3fabc", b"\x12\x34\x81\0\0\1" + bytes(40)):
            client.send(message)
    mixed = ask(lab, "ExEmPlArY.tEsT", "MX")
    assert mixed.question[0].name.to_text() == "ExEmPlArY.tEsT." and mixed.answer


def test_resolvers_that_lie(lab: Lab) -> None:
    world = '[[domain]]\nname = "a.test"\nsays = "one"\nstatus = "bogus"\nrecords = "@ A 192.0.2.1"'
    with in_background(Lab(domains=parse_world(world))) as small:
        assert small.loop

        async def resolver(lie: Lie) -> int:
            return int((await small.lying_resolver(lie)).rpartition(":")[2])

        ports = {lie: asyncio.run_coroutine_threadsafe(resolver(lie), small.loop).result(5) for lie in Lie}
        assert data(ask(lab, "a.test", "A", at=ports[Lie.NOT_VALIDATING])) == ["192.0.2.1"]
        assert not authenticated(ask(lab, ".", "SOA", at=ports[Lie.NOT_VALIDATING]))
        assert authenticated(ask(lab, "a.test", "A", at=ports[Lie.ALWAYS_AD]))
        assert data(ask(lab, "x.invalid", "A", at=ports[Lie.REDIRECTING])) == ["192.0.2.99"]
        assert rcode(ask(lab, ".", "SOA", at=ports[Lie.SERVFAIL])) == "SERVFAIL"
        assert rcode(ask(lab, ".", "SOA", at=ports[Lie.REFUSING])) == "REFUSED"
        assert rcode(ask(lab, "a.test", "TLSA", at=ports[Lie.RARE_TYPES_REFUSED])) == "FORMERR"
        for lie in (Lie.GARBAGE, Lie.WRONG_QUESTION, Lie.SILENT):
            with pytest.raises(dns.exception.DNSException):
                dns.query.udp(dns.message.make_query("a.test", "A"), "127.0.0.1", timeout=0.2, port=ports[lie])


def test_it_is_fast_enough_to_be_measured_against(lab: Lab) -> None:
    query = dns.message.make_query("exemplary.test", "MX").to_wire()
    began = time.perf_counter()
    for _ in range(20_000):
        lab.resolver.reply(query, stream=False)
    assert time.perf_counter() - began < 1
