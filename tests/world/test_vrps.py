"""Exports of validated ROA payloads: what validators write is read, all else refused, and the table finds what a list finds."""

import json
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.routing import Vrp
from hauberk.world.vrps import VrpError, parse_vrps, read_vrps

CHANGED = datetime(2026, 11, 20, tzinfo=UTC)
RPKI_CLIENT = """{
 "metadata": { "buildmachine": "validator.example", "buildtime": "2026-11-21T06:04:05Z", "elapsedtime": "412", "vrps": 2 },
 "roas": [
  { "asn": 64496, "prefix": "192.0.2.0/24", "maxLength": 24, "ta": "ripe", "expires": 1795000000 },
  { "asn": 64497, "prefix": "2001:db8::/32", "maxLength": 48, "ta": "apnic", "expires": 1795000000 }
 ],
 "bgpsec_keys": [], "aspas": [] }"""
ROUTINATOR = """{
 "metadata": { "generated": 1795241045, "generatedTime": "2026-11-21T06:04:05Z" },
 "roas": [
  { "asn": "AS64496", "prefix": "192.0.2.0/24", "maxLength": 24, "ta": "ripe" },
  { "asn": "AS64497", "prefix": "2001:db8::/32", "maxLength": 48, "ta": "apnic" }
 ] }"""


@pytest.mark.parametrize("text", [RPKI_CLIENT, ROUTINATOR], ids=["rpki-client", "Routinator"])
def test_what_validators_export_is_read(text: str) -> None:
    table = parse_vrps(text.encode(), "vrps.json", CHANGED)
    assert (table.source.name, table.source.count, table.source.at) == ("vrps.json", 2, datetime(2026, 11, 21, 6, 4, 5, tzinfo=UTC))
    assert table.covering("192.0.2.200").vrps == (Vrp("192.0.2.0/24", 24, 64496),)
    assert table.covering("2001:db8:ffff::1").vrps == (Vrp("2001:db8::/32", 48, 64497),)
    assert table.covering("198.51.100.1").vrps == table.covering("2001:db9::1").vrps == table.covering("nothing").vrps == ()


def test_a_file_without_a_time_is_as_old_as_it_says_on_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "vrps.json"
    file.write_text('{"roas":[{"asn":0,"prefix":"0.0.0.0/0"}]}')
    table = read_vrps(file)
    assert table.source.at == datetime.fromtimestamp(int(file.stat().st_mtime), UTC)
    assert table.covering("203.0.113.1").vrps == (Vrp("0.0.0.0/0", 0, 0),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("[]", "no JSON"),
        ("{}", "roas"),
        ('{"roas":[]}', "not one VRP"),
        ('{"roas":[{"prefix":"192.0.2.0/24"}]}', "asn"),
        ('{"roas":[{"prefix":"192.0.2.0/24","asn":1.5}]}', "asn"),
        ('{"roas":[{"prefix":"192.0.2.0/24","asn":true}]}', "asn"),
        ('{"roas":[{"prefix":"192.0.2.0/24","asn":"ASX"}]}', "entry 1"),
        ('{"roas":[{"prefix":"192.0.2.0/24","asn":-1}]}', "AS number"),
        ('{"roas":[{"prefix":"192.0.2.0/24","asn":4294967296}]}', "AS number"),
        ('{"roas":[{"prefix":"192.0.2.0/24","asn":1},{"prefix":"192.0.2.1/24","asn":1}]}', "entry 2"),
        ('{"roas":[{"prefix":"192.0.2.0","asn":1}]}', "192.0.2.0/24"),
        ('{"roas":[{"prefix":"192.0.2.0/33","asn":1}]}', "maxLength of 33"),
        ('{"roas":[{"prefix":"192.0.2.0/24","asn":1,"maxLength":23}]}', "maxLength of 23"),
        ('{"roas":[{"prefix":"192.0.2.0/24","asn":1,"maxLength":99999999999999999999}]}', "maxLength"),
        ('{"roas":[{"prefix":"2001:db8::/129","asn":1}]}', "maxLength"),
        ('{"roas":[{"prefix":"fe80::1%eth0/64","asn":1}]}', "entry 1"),
        ('{"roas":' + "[" * 100_000, "no JSON"),
        ("\xff\xfe", "no JSON"),
    ],
)
def test_what_nobody_exports_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(VrpError, match=said):
        parse_vrps(text.encode("latin-1"), "vrps.json", CHANGED)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_octets_make_the_reader_raise_anything_else(octets: bytes) -> None:
    with pytest.raises(VrpError):
        parse_vrps(octets, "vrps.json", CHANGED)


def prefixes(bits: int, near: int) -> st.SearchStrategy[IPv4Network | IPv6Network]:
    """Prefixes close to one address, so that many hold each other."""
    kind = IPv4Network if bits == 32 else IPv6Network

    def cut(drawn: tuple[int, int]) -> IPv4Network | IPv6Network:
        length, noise = drawn
        spare = bits - length
        return kind(((near ^ noise << spare) >> spare << spare & 2**bits - 1, length))

    return st.tuples(st.integers(0, bits), st.sampled_from([0, 0, 0, 1])).map(cut)


V4, V6 = int(ip_address("192.0.2.200")), int(ip_address("2001:db8:1:2::25"))
ROAS = st.lists(st.tuples(prefixes(32, V4) | prefixes(128, V6), st.integers(0, 128), st.integers(0, 2**32 - 1)), min_size=1, max_size=40)


@given(ROAS, st.sampled_from(["192.0.2.200", "192.0.2.1", "2001:db8:1:2::25", "2001:db8::"]))
def test_the_table_finds_what_a_list_finds(drawn: list[tuple[IPv4Network | IPv6Network, int, int]], address: str) -> None:
    held = {Vrp(str(network), min(network.max_prefixlen, network.prefixlen + more), asn) for network, more, asn in drawn}
    roas = [{"prefix": vrp.prefix, "maxLength": vrp.max_length, "asn": vrp.asn} for vrp in held]
    found = parse_vrps(json.dumps({"roas": roas}).encode(), "vrps.json", CHANGED).covering(address).vrps
    assert set(found) == {vrp for vrp in held if ip_address(address) in ip_network(vrp.prefix)}
    lengths = [ip_network(vrp.prefix).prefixlen for vrp in found]
    assert len(found) == len(set(found)) and lengths == sorted(lengths)
