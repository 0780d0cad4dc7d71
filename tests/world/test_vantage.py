import pytest

from hauberk.world.vantage import Reach, find_reach, own_helo


@pytest.mark.parametrize(
    ("reach", "host_name", "helo"),
    (
        (Reach("192.0.2.2"), "Probe.Example.NET", "probe.example.net"),
        (Reach("192.0.2.2"), "laptop", "[192.0.2.2]"),
        (Reach("192.0.2.2"), "laptop.local", "[192.0.2.2]"),
        (Reach("192.0.2.2"), "evil.example\r\nMAIL FROM", "[192.0.2.2]"),
        (Reach(ipv6="2001:db8::2"), "laptop", "[IPv6:2001:db8::2]"),
        (Reach(), "laptop", "[127.0.0.1]"),
    ),
)
def test_ehlo_says_the_full_name_or_the_address(reach: Reach, host_name: str, helo: str) -> None:
    assert own_helo(reach, host_name) == helo


def test_finding_the_reach_works_with_and_without_a_network() -> None:
    assert isinstance(find_reach(), Reach)
