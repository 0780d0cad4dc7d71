"""NSEC3PARAM records; dnspython is the oracle."""

import dns.rdata
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.nsec3 import Nsec3Parameters, parse

PARAMETERS = st.builds(Nsec3Parameters, st.integers(0, 255), st.integers(0, 255), st.integers(0, 65535), st.binary(max_size=255))


@given(PARAMETERS)
def test_parameters_are_read_as_dnspython_writes_them(parameters: Nsec3Parameters) -> None:
    text = f"{parameters.algorithm} {parameters.flags} {parameters.iterations} {parameters.salt.hex() or '-'}"
    assert dns.rdata.from_text("IN", "NSEC3PARAM", text).to_text() == text
    assert parse(text) == parameters


@given(st.text() | st.text("0123456789 -abF٣").map(lambda text: "1 0 " + text))
def test_parsing_never_raises_and_keeps_what_is_malformed(text: str) -> None:
    found = parse(text)
    assert isinstance(found, Nsec3Parameters) or (found.text == text and found.marked())


@pytest.mark.parametrize(
    "text", ["", "1 0 0", "1 0 0 abc", "1 0 0 - -", "256 0 0 -", "1 256 0 -", "1 0 65536 -", "1 0 -1 -", "1 0 ٣ -", "\\# 4 01000001"]
)
def test_what_is_no_such_record_is_malformed(text: str) -> None:
    assert isinstance(parse(text), Malformed)
