"""The authoritative servers, each asked by itself."""

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols.delegation import MOST_SERVERS, Delegation, NameServer, Said, own_records, survey
from hauberk.protocols.walk import Ask, Reply, replay


class Records:
    def __init__(self, **sets: tuple[str, ...]) -> None:
        self.sets = sets
        self.asked: list[Question] = []

    def __call__(self, ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        self.asked.append(ask)
        found = self.sets.get(f"{ask.type} {ask.name}", ())
        return DnsAnswer("NOERROR", tuple(Record(ask.name, ask.type, 60, data) for data in found))


def test_the_servers_of_the_zone_above_a_subdomain_are_asked() -> None:
    world = Records(
        **{"NS example.com": ("ns1.example.net.", "ns2.example.net."), "A ns1.example.net": ("192.0.2.1",), "NS com": ("a.gtld.",)}
    )
    (zone,) = replay(survey("mail.example.com", ScanOptions()), world).zones
    assert (zone.apex, zone.servers, zone.unresolved) == (
        "example.com",
        (NameServer("ns1.example.net", "192.0.2.1"),),
        ("ns2.example.net",),
    )
    assert [f"{one.question.type} {one.question.name} {one.question.server}" for one in zone.said] == [
        "SOA example.com 192.0.2.1",
        "MX mail.example.com 192.0.2.1",
        "TXT mail.example.com 192.0.2.1",
        "TXT _dmarc.mail.example.com 192.0.2.1",
    ]
    assert "NS com" not in {f"{one.type} {one.name}" for one in world.asked}


def test_a_delegated_dmarc_name_has_servers_of_its_own() -> None:
    world = Records(
        **{
            "NS example.com": ("ns.example.com.",),
            "NS _dmarc.example.com": ("ns.dmarc.example.",),
            "A ns.example.com": ("192.0.2.1",),
            "AAAA ns.dmarc.example": ("2001:db8::1",),
        }
    )
    own, dmarc = replay(survey("example.com", ScanOptions()), world).zones
    assert {one.question.name for one in own.said} == {"example.com"}
    assert [(one.question.type, one.server.address) for one in dmarc.said] == [("SOA", "2001:db8::1"), ("TXT", "2001:db8::1")]


def test_a_zone_of_many_servers_is_not_asked_without_end() -> None:
    many = tuple(f"ns{number}.example." for number in range(300))
    addresses = {f"A ns{number}.example": tuple(f"192.0.2.{octet}" for octet in range(1, 200)) for number in range(300)}
    world = Records(**({"NS example.com": many} | addresses))
    (zone,) = replay(survey("example.com", ScanOptions()), world).zones
    assert len(zone.servers) == MOST_SERVERS
    assert sum(1 for one in world.asked if one.server) == 4 * MOST_SERVERS


def test_a_failed_search_for_the_zone_says_why() -> None:
    silent = NoAnswer(Silence.TIMEOUT)
    found = replay(survey("example.com", ScanOptions()), lambda _: silent)
    assert (found.zones, found.failed) == ((), silent)


def test_an_ns_set_behind_an_alias_is_not_the_zone_s_own() -> None:
    def reply(_ask: Ask) -> Reply:
        alias = (Record("example.com", "CNAME", 60, "other.example."), Record("other.example", "NS", 60, "ns.other.example."))
        return DnsAnswer("NOERROR", alias)

    assert replay(survey("example.com", ScanOptions()), reply).zones == ()


def said(*records: Record, rcode: str = "NOERROR") -> Said:
    return Said(NameServer("ns", "192.0.2.1"), Question("a.example", "MX", "192.0.2.1"), DnsAnswer(rcode, records))


def test_answers_are_compared_by_what_stands_at_the_name_itself() -> None:
    alias, behind = Record("a.example", "CNAME", 60, "B.example."), Record("b.example", "MX", 60, "10 mx.example.")
    assert own_records(said(alias, behind)) == own_records(said(alias)) == {("CNAME", "b.example.")}
    assert own_records(said(rcode="NXDOMAIN")) == own_records(said()) == frozenset()
    assert own_records(said(rcode="REFUSED")) is None


def test_the_search_does_not_climb_past_a_failure_or_the_registrable_domain() -> None:
    above = Records(**{"NS co.uk": ("ns.nic.uk.",), "A ns.nic.uk": ("192.0.2.1",)})
    assert replay(survey("example.co.uk", ScanOptions()), above) == Delegation()
    assert Question("co.uk", "NS") not in above.asked

    def lame(ask: Ask) -> Reply:
        return (
            DnsAnswer("SERVFAIL")
            if ask == Question("mail.example.com", "NS")
            else DnsAnswer("NOERROR", (Record("example.com", "NS", 60, "ns."),))
        )

    found = replay(survey("mail.example.com", ScanOptions()), lame)
    assert (found.zones, found.failed) == ((), DnsAnswer("SERVFAIL"))
