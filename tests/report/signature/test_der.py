"""DER: what is written is read back, and only the one encoding is read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.report.signature import der
from hauberk.report.signature.der import NotDer


@given(st.binary(max_size=400), st.sampled_from([der.OCTETS, der.OID, 0x80]))
def test_what_is_written_is_read_back(content: bytes, tag: int) -> None:
    element = der.read(der.write(tag, content))
    assert (element.tag, element.content) == (tag, content)
    outer = der.read(der.write(der.SEQUENCE, element.encoded, element.encoded))
    assert [one.content for one in outer.parts()] == [content, content]


@given(st.integers(0, 1 << 200))
def test_numbers_have_their_shortest_form(value: int) -> None:
    content = der.read(der.write_integer(value)).content
    assert int.from_bytes(content, signed=True) == value
    assert len(content) == 1 or not (content[0] == 0 and content[1] < 0x80)


@given(st.binary(max_size=60))
def test_reading_raises_nothing_else_and_reads_one_form_only(data: bytes) -> None:
    try:
        element = der.read(data)
    except NotDer:
        return
    assert der.write(element.tag, element.content) == data


@pytest.mark.parametrize(
    "hexadecimal", ["", "30", "3080", "308100", "30810130", "1f0100", "3003020101ff", "30840000000102", "3085000000000100"]
)
def test_other_encodings_are_refused(hexadecimal: str) -> None:
    with pytest.raises(NotDer):
        der.read(bytes.fromhex(hexadecimal))


def test_object_identifiers_are_as_in_the_standards() -> None:
    assert der.oid("1.2.840.113549.1.7.2").hex() == "2a864886f70d010702"
    assert der.oid("2.16.840.1.101.3.4.2.1").hex() == "608648016503040201"
