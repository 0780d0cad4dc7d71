"""Administrators reach both hosts through the rendered firewall, and the MDA reaches the MTA to push the list of recipients."""

import dataclasses
from ipaddress import ip_network

import pytest

from hauberk.system.declaration import Declaration, Role
from hauberk.system.places import Places
from hauberk.system.prove.declared import Testers as Given
from hauberk.system.prove.declared import flows, targets
from hauberk.system.prove.probe import Vantage
from hauberk.system.prove.targets import Account, Flow, Outside
from hauberk.system.render import nftables
from system.render import rendered

PUSH = Flow(Vantage.INSIDE, Vantage.DMZ, "tcp", 2222)


def rules(declared: Declaration, role: Role) -> list[str]:
    (file,) = nftables.files(declared, role, Places())
    return [line.strip() for line in file.content.decode().splitlines() if "administration" in line or "list of recipients" in line]


def test_ssh_passes_the_firewall_to_the_hosts_from_administrators_only() -> None:
    assert rules(rendered.large(), Role.FIREWALL) == [
        'ip saddr { 198.18.2.64/26 } tcp dport 22 counter accept comment "administration"',
        'iifname "inside0" oifname "dmz0" ip saddr { 198.18.1.10 } ip daddr { 203.0.113.25 } tcp dport { 2222 } counter accept '
        'comment "the list of recipients"',
        'iifname "inside0" oifname "dmz0" ip6 saddr { 2001:db8:18:1::10 } ip6 daddr { 2001:db8:113::25 } tcp dport { 2222 } counter accept '
        'comment "the list of recipients"',
        'ip saddr { 198.18.2.64/26 } ip daddr { 203.0.113.25 } tcp dport 2222 counter accept comment "administration"',
        'ip saddr { 198.18.2.64/26 } ip daddr { 198.18.1.10 } tcp dport 22 counter accept comment "administration"',
    ]


def test_a_host_listens_for_ssh_where_it_is_reached() -> None:
    assert [line for line in rules(rendered.large(), Role.MTA) if "administration" in line] == [
        'ip saddr { 198.18.2.64/26 } tcp dport 2222 counter accept comment "administration"'
    ]
    assert any("198.18.1.10" in line and "recipients" in line for line in rules(rendered.large(), Role.MTA))


def test_the_push_is_a_flow_only_where_it_goes_over_ssh() -> None:
    assert PUSH in flows(rendered.large())
    assert {one.port for one in flows(rendered.small())}.isdisjoint({22, 2222})


@pytest.mark.parametrize(
    ("network", "origin"), [("198.18.2.0/24", Vantage.WORKSTATION), ("203.0.113.128/25", Vantage.DMZ), ("192.0.2.0/24", Vantage.INTERNET)]
)
def test_of_ssh_from_an_administrators_zone_neither_open_nor_closed_is_claimed(network: str, origin: Vantage) -> None:
    large = rendered.large()
    declared = dataclasses.replace(large, networks=dataclasses.replace(large.networks, administration=(ip_network(network),)))
    account = Account("a@corp.test", "x")
    found = targets(declared, Given(account, account, Outside("a@out.test", "b@out.test", "helo.test"))).administration
    assert set(found) == {Flow(origin, Vantage.DMZ, "tcp", 2222), Flow(origin, Vantage.INSIDE, "tcp", 22)}
