"""DNSKEY records, key tags and DS records."""

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.dnskey import DnsKey, delegation_signer, parse, render
from hauberk.protocols.malformed import Malformed

KEYS = st.builds(DnsKey, st.integers(0, 65535), st.just(3), st.sampled_from((5, 8, 13, 15)), st.binary(min_size=1, max_size=300))


@given(KEYS)
def test_a_rendered_key_parses_to_itself(key: DnsKey) -> None:
    assert parse(render(key)) == key


@given(st.text() | st.text("0123456789 =+/A").map(lambda text: "257 3 13 " + text))
def test_parsing_never_raises(text: str) -> None:
    assert isinstance(parse(text), (DnsKey, Malformed))


@given(KEYS.filter(lambda key: bool(key.flags & 0x0100)))
def test_the_ds_record_is_that_of_dnspython(key: DnsKey) -> None:
    peer = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DNSKEY, render(key))
    expected = dns.dnssec.make_ds(dns.name.from_text("Example.com."), peer, "SHA256").to_text().split()  # type: ignore[arg-type]
    assert delegation_signer("example.com", key).lower() == f"{' '.join(expected[:3])} {''.join(expected[3:])}".lower()


def test_the_example_of_rfc_4509_comes_out() -> None:
    key = parse(
        "256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvx"
        "egXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw=="
    )
    assert isinstance(key, DnsKey)
    wanted = "60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A"
    assert delegation_signer("dskey.example.com", key) == wanted


def test_entry_points_are_told_from_other_keys() -> None:
    assert DnsKey(257, 3, 13, b"").is_entry_point
    assert not DnsKey(256, 3, 13, b"").is_entry_point
