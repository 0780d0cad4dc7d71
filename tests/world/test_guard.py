from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.world.guard import AddressGuard

REFUSED = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.1.1", "169.254.169.254", "172.16.0.1",
    "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1",
    "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "2002:7f00:1::", "2002:a00:1::1",
    "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b:1::8.8.8.8", "100::1", "2001:db8::1", "2001::1", "3fff::1", "fc00::1",
    "fd00:ec2::254", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1", "5f00::1",
)  # fmt: skip
OPEN = ("8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00:1450::1", "2600::1", "2002:808:808::1", "64:ff9b::8.8.8.8")


@pytest.mark.parametrize("address", REFUSED)
def test_special_addresses_are_refused(address: str) -> None:
    assert AddressGuard().objection(address)


@pytest.mark.parametrize("address", OPEN)
def test_global_addresses_are_open(address: str) -> None:
    assert AddressGuard().objection(address) == ""


@pytest.mark.parametrize("text", ("", "localhost", "1.2.3", "0x7f000001", "2130706433", "127.1", "[::1]"))
def test_what_is_no_canonical_address_is_refused(text: str) -> None:
    assert AddressGuard().objection(text)


def test_the_operators_networks_are_open_in_every_form() -> None:
    guard = AddressGuard((ip_network("10.1.0.0/16"), ip_network("fd00::/8")))
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3", "fd00::1"):
        assert guard.objection(address) == "", address
    assert guard.objection("10.2.0.1")


@given(st.ip_addresses())
def test_nothing_that_the_registries_call_private_gets_through(address: IPv4Address | IPv6Address) -> None:
    # Newer Pythons call all of 6to4 private; here it is what is embedded that counts, which the next test has.
    if AddressGuard().objection(str(address)) == "" and getattr(address, "sixtofour", None) is None:
        assert not (address.is_private or address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified)


@given(st.ip_addresses(v=4))
def test_an_embedded_address_is_no_way_around(address: IPv4Address) -> None:
    guard = AddressGuard()
    if guard.objection(str(address)):
        for prefix in (0xFFFF << 32, 0x64FF9B << 96):
            assert guard.objection(str(IPv6Address(prefix | int(address))))
        assert guard.objection(str(IPv6Address(0x2002 << 112 | int(address) << 80)))


@given(st.text(max_size=50))
def test_no_text_makes_the_guard_raise(text: str) -> None:
    if AddressGuard().objection(text) == "":
        ip_address(text)
