import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.special_addresses import special_kind


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.1.2.3", "private"),
        ("127.0.0.53", "loopback"),
        ("169.254.169.254", "link-local"),
        ("::1", "loopback"),
        ("fd12::1", "private"),
        ("::ffff:192.168.1.1", "private"),
        ("mx.example.com", "malformed"),
        ("8.8.8.8", ""),
        ("192.0.2.1", ""),
        ("2001:db8::1", ""),
        ("::ffff:8.8.8.8", ""),
    ],
)
def test_addresses_have_their_kind(address: str, kind: str) -> None:
    assert special_kind(address) == kind


@given(st.text(max_size=45) | st.ip_addresses().map(str))
def test_no_text_raises(address: str) -> None:
    special_kind(address)
