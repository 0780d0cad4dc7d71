from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.zonetext import ZoneText
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols.mx import MailRoute, Resolution, Routing, resolution, route
from hauberk.protocols.walk import NOT_ASKED, Ask, Reply, replay


def routed(zone: str) -> MailRoute:
    world = ZoneText.parse(zone)
    return replay(route("example.com"), lambda ask: world.answer(ask, secure=()) if isinstance(ask, Question) else NOT_ASKED)


def resolved(zone: str) -> Resolution:
    world = ZoneText.parse(zone)
    return replay(
        resolution("example.com", ScanOptions()),
        lambda ask: world.answer(ask, secure=()) if isinstance(ask, Question) else NOT_ASKED,
    )


def test_hosts_come_by_preference_with_all_addresses() -> None:
    found = routed("""
    example.com. MX 20 b.example.com.
    example.com. MX 10 a.example.com.
    a.example.com. A 192.0.2.1
    a.example.com. AAAA 2001:db8::1
    b.example.com. A 192.0.2.2
    """)
    assert found.routing is Routing.MX
    assert [str(one) for one in found.endpoints] == ["a.example.com 192.0.2.1", "a.example.com [2001:db8::1]", "b.example.com 192.0.2.2"]


def test_without_mx_the_address_record_counts() -> None:
    assert routed("example.com. A 192.0.2.1").routing is Routing.IMPLICIT
    assert routed('example.com. TXT "x"').routing is Routing.NONE
    assert routed("example.com. MX 0 .").routing is Routing.NULL
    assert routed("example.net. A 192.0.2.1").routing is Routing.NO_DOMAIN


def test_over_fifty_hosts_are_counted_but_not_asked() -> None:
    found = routed("\n".join(f"example.com. MX 10 mx{number:02}.example.com." for number in range(60)))
    assert (len(found.hosts), found.left_out) == (50, 10)


def test_a_host_in_a_domain_that_does_not_exist_dangles() -> None:
    found = resolved("""
    example.com. MX 10 mx.gone.example.net.
    example.com. MX 20 mx.gone.org.
    example.com. MX 30 mx.example.com.
    example.com. MX 40 alias.example.com.
    alias.example.com. CNAME host.lapsed.org.
    mx.example.com. A 192.0.2.1
    example.net. TXT "here"
    """)
    dangling = [host.name for host in found.route.hosts if found.dangling(host)]
    assert dangling == ["mx.gone.org", "alias.example.com"]
    assert [name for name, _ in found.above] == ["example.net", "gone.org", "lapsed.org"]


replies = st.sampled_from(
    [
        NOT_ASKED,
        NoAnswer(Silence.TIMEOUT),
        DnsAnswer("SERVFAIL"),
        DnsAnswer("NXDOMAIN"),
        DnsAnswer("NOERROR"),
        ZoneText.parse("example.com. MX 5 mx.example.com.").answer(Question("example.com", "MX"), secure=()),
    ]
)


@given(st.data())
def test_whatever_the_world_answers_the_walk_ends(data: st.DataObject) -> None:
    def reply(_ask: Ask) -> Reply:
        return data.draw(replies)

    replay(resolution("example.com", ScanOptions()), reply)
