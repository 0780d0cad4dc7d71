"""Names of addresses and the way back."""

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols.reverse import MOST_NAMES, confirm, leads_to, survey
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


def test_a_name_that_leads_back_confirms_the_address() -> None:
    world = Records(**{"PTR 10.2.0.192.in-addr.arpa": ("mx.example.com.", "other.example."), "A mx.example.com": ("192.0.2.10",)})
    found = replay(confirm("192.0.2.10"), world)
    assert found.names == ("mx.example.com", "other.example")
    assert found.confirmed == ("mx.example.com",)


def test_ipv6_is_confirmed_whatever_its_spelling() -> None:
    pointer = "PTR a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"
    found = replay(confirm("2001:db8::a"), Records(**{pointer: ("MX.example.com.",), "AAAA mx.example.com": ("2001:DB8:0:0::A",)}))
    assert found.confirmed == ("mx.example.com",)


def test_an_address_with_many_names_is_not_followed_to_all() -> None:
    world = Records(**{"PTR 10.2.0.192.in-addr.arpa": tuple(f"n{number}.example." for number in range(500))})
    replay(confirm("192.0.2.10"), world)
    assert len(world.asked) == 1 + MOST_NAMES


def test_every_address_of_the_route_is_looked_at_once() -> None:
    world = Records(
        **{
            "MX example.com": ("10 a.example.", "20 b.example."),
            "A a.example": ("192.0.2.1", "192.0.2.2"),
            "A b.example": ("192.0.2.2",),
            "AAAA b.example": ("2001:db8::1",),
        }
    )
    assert [one.address for one in replay(survey("example.com", ScanOptions()), world)] == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]


def test_silence_leads_nowhere() -> None:
    assert not leads_to(NoAnswer(Silence.TIMEOUT), "192.0.2.1")
    assert not leads_to(DnsAnswer("NOERROR", (Record("a.example", "A", 60, "not an address"),)), "192.0.2.1")
