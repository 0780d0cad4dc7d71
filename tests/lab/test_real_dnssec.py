"""Our DNS client behind a real validating resolver: what is secure, insecure and bogus; dnspython agrees with every answer."""

import asyncio
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdata
import dns.rdatatype
import pytest

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.world.dns.client import DnsClient
from lab.real_dns import RealDns, SignedZone, missing_programs, running, signed, unsigned

_MISSING = missing_programs("nsd", "unbound")
pytestmark = pytest.mark.skipif(bool(_MISSING), reason=_MISSING)

_LONG = " ".join('"' + "x" * 250 + '"' for _ in range(240))
_RECORDS = f"""
@ MX 10 mx
@ MX 20 mx.insecure.test.
@ A 192.0.2.1
@ AAAA 2001:db8::1
@ TXT "v=spf1 mx -all"
@ TXT "two" "strings \\"quoted\\" \\\\ \\009 \\255"
@ CAA 0 issue "ca.example; validationmethods=dns-01"
@ HTTPS 1 . alpn=h2
@ SSHFP 4 2 {"ab" * 32}
@ TYPE65280 \\# 4 0a0b0c0d
mx A 192.0.2.25
mx AAAA 2001:db8::25
_25._tcp.mx TLSA 3 1 1 {"0123456789abcdef" * 4}
alias CNAME away
away CNAME mx
elsewhere CNAME mx.insecure.test.
_dmarc TXT "v=DMARC1; p=reject"
_smtp._tcp SRV 0 5 25 mx
1.2.0.192 PTR mx
*.wild TXT "wild"
empty.non.terminal A 192.0.2.2
tree DNAME mx
odd\\.label A 192.0.2.3
long TXT {_LONG}
"""
_NSEC3 = {"hashed": "1 0 0 -", "iterated": "1 0 151 aabbccdd"}
_KINDS = (
    "A", "AAAA", "MX", "TXT", "CAA", "NS", "SOA", "DNSKEY", "DS", "NSEC", "RRSIG",
    "HTTPS", "SSHFP", "CNAME", "SRV", "PTR", "TLSA", "DNAME", "TYPE65280",
)  # fmt: skip
_NAMES = (
    "", "mx.", "_25._tcp.mx.", "alias.", "elsewhere.", "_dmarc.", "_smtp._tcp.", "1.2.0.192.", "a.b.wild.", "non.terminal.", "below.tree.",
    "odd\\046label.", "missing.",
)  # fmt: skip


def _zones() -> tuple[str, tuple[SignedZone, ...]]:
    """`test.`, the trust anchor's zone, and below it: secure, insecure (delegated without DS), tampered with, expired, and NSEC3."""
    secure = signed("secure.test.", _RECORDS)
    insecure = unsigned("insecure.test.", _RECORDS)
    tampered = signed("bogus.test.", _RECORDS)
    bogus = SignedZone(tampered.origin, tampered.text.replace("192.0.2.1\n", "192.0.2.66\n"), tampered.anchor)
    expired = signed("expired.test.", _RECORDS, expired=True)
    hashed = tuple(signed(f"{name}.test.", "@ MX 10 mx\nmx A 192.0.2.25", nsec3=data) for name, data in _NSEC3.items())
    children = (secure, insecure, bogus, expired, *hashed)
    delegations = [
        line for child in children for line in (f"{child.origin} NS ns1.{child.origin}", f"ns1.{child.origin} A 127.0.0.1", *child.anchor)
    ]
    parent = signed("test.", "\n".join(delegations))
    return parent.anchor[0], (parent, *children)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealDns]:
    anchor, zones = _zones()
    with running(tmp_path_factory.mktemp("dnssec"), zones, anchor) as ports:
        yield ports


def ask(servers: RealDns, *questions: Question, scheme: str = "udp") -> list[DnsAnswer | NoAnswer]:
    async def main() -> list[DnsAnswer | NoAnswer]:
        resolver = f"{scheme}://127.0.0.1:{servers.resolver}"
        async with DnsClient(resolver, place=lambda address, port: ("127.0.0.1", servers.authoritative)) as client:
            return [await one for one in [client.ask(question) for question in questions]]

    return asyncio.run(main())


def answer(servers: RealDns, question: Question) -> DnsAnswer:
    (reply,) = ask(servers, question)
    assert isinstance(reply, DnsAnswer), reply
    return reply


def test_a_signed_answer_is_authenticated(servers: RealDns) -> None:
    mx = answer(servers, Question("secure.test", "MX"))
    assert (mx.rcode, mx.authenticated) == ("NOERROR", True)
    assert {record.data for record in mx.records} == {"10 mx.secure.test.", "20 mx.insecure.test."}


@pytest.mark.parametrize(("name", "kind", "rcode"), [("missing.secure.test", "A", "NXDOMAIN"), ("mx.secure.test", "MX", "NOERROR")])
def test_a_proven_absence_is_authenticated(servers: RealDns, name: str, kind: str, rcode: str) -> None:
    assert answer(servers, Question(name, kind)) == DnsAnswer(rcode, (), True)


def test_an_unsigned_zone_is_not_authenticated(servers: RealDns) -> None:
    assert answer(servers, Question("insecure.test", "MX")).authenticated is False
    assert answer(servers, Question("missing.insecure.test", "MX")) == DnsAnswer("NXDOMAIN", (), False)


def test_a_chain_out_of_a_secure_zone_is_not_authenticated(servers: RealDns) -> None:
    chain = answer(servers, Question("elsewhere.secure.test", "A"))
    assert [record.type for record in chain.records] == ["CNAME", "A"]
    assert chain.authenticated is False


def test_a_bogus_answer_is_servfail_and_shown_when_checking_is_disabled(servers: RealDns) -> None:
    refused = answer(servers, Question("bogus.test", "A"))
    assert (refused.rcode, refused.records, refused.authenticated) == ("SERVFAIL", (), False)
    assert 6 in refused.extended_errors  # DNSSEC bogus (RFC 8914)
    shown = answer(servers, Question("bogus.test", "A", checking_disabled=True))
    assert (shown.rcode, [record.data for record in shown.records], shown.authenticated) == ("NOERROR", ["192.0.2.66"], False)


def test_expired_signatures_are_bogus(servers: RealDns) -> None:
    refused = answer(servers, Question("expired.test", "MX"))
    assert refused.rcode == "SERVFAIL"
    assert set(refused.extended_errors) & {6, 7}  # DNSSEC bogus or signature expired, as the version of Unbound words it
    assert answer(servers, Question("expired.test", "MX", checking_disabled=True)).rcode == "NOERROR"


@pytest.mark.parametrize(("zone", "denials_are_secure"), [("hashed", True), ("iterated", False)])
def test_unbound_takes_denials_of_over_150_iterations_as_insecure(servers: RealDns, zone: str, denials_are_secure: bool) -> None:
    missing = answer(servers, Question(f"missing.{zone}.test", "A"))
    assert (missing.rcode, missing.authenticated) == ("NXDOMAIN", denials_are_secure)
    parameters = answer(servers, Question(f"{zone}.test", "NSEC3PARAM"))
    assert ([record.data for record in parameters.records], parameters.authenticated) == ([_NSEC3[zone]], True)


def test_the_authoritative_server_answers_without_ad(servers: RealDns) -> None:
    direct = answer(servers, Question("secure.test", "SOA", server="192.0.2.53"))
    assert (direct.rcode, direct.authenticated) == ("NOERROR", None)
    assert direct.records[0].data.startswith("ns1.secure.test. hostmaster.secure.test. 1 ")
    lame = answer(servers, Question("elsewhere.example", "SOA", server="192.0.2.53"))
    assert lame.rcode == "REFUSED"


def test_sixty_kilobytes_of_txt_arrive_whole(servers: RealDns) -> None:
    for question in (Question("long.secure.test", "TXT"), Question("long.secure.test", "TXT", server="192.0.2.53")):
        assert [record.data for record in answer(servers, question).records] == [_LONG]


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_dnspython_agrees_with_every_answer(servers: RealDns, scheme: str) -> None:
    questions = [
        Question(f"{label}{zone}", kind)
        for zone in ("secure.test", "insecure.test")
        for label in _NAMES
        for kind in _KINDS
        if (label, kind) != ("below.tree.", "CNAME")  # Unbound's own answer changes with what it has cached
    ]
    questions += [Question(f"{zone}.test", kind) for zone in _NSEC3 for kind in ("NSEC3PARAM", "DNSKEY", "TXT")]
    questions += [Question("bogus.test", kind) for kind in ("A", "MX", "TXT")]
    replies = ask(servers, *questions, scheme=scheme)
    assert len(replies) > 450
    for question, reply in zip(questions, replies, strict=True):
        assert isinstance(reply, DnsAnswer), question
        assert _comparable(reply) == _by_dnspython(servers, question), question


def _comparable(reply: DnsAnswer) -> tuple[str, bool | None, frozenset[tuple[str, str, dns.rdata.Rdata]]]:
    return (
        reply.rcode,
        reply.authenticated,
        frozenset(
            (record.name.replace("\\046", "\\."), record.type, dns.rdata.from_text("IN", record.type, record.data))
            for record in reply.records
        ),
    )


def _by_dnspython(servers: RealDns, question: Question) -> tuple[str, bool | None, frozenset[tuple[str, str, dns.rdata.Rdata]]]:
    query = dns.message.make_query(question.name, question.type, flags=dns.flags.RD | dns.flags.AD, use_edns=0, payload=1232)
    reply, _ = dns.query.udp_with_fallback(query, "127.0.0.1", port=servers.resolver, timeout=5)
    records = frozenset(
        (rrset.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(rrset.rdtype), rdata)
        for rrset in reply.answer
        for rdata in list[dns.rdata.Rdata](rrset)  # pyright: ignore[reportArgumentType]
    )
    return dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AD), records


def test_a_stopped_resolver_is_refused() -> None:
    (reply,) = ask(RealDns(1, 1), Question("secure.test", "MX"))
    assert isinstance(reply, NoAnswer)
    assert reply.reason is Silence.REFUSED
