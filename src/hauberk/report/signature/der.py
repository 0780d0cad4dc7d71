"""DER (ITU-T X.690) for the verification of signatures: a strict reader, and a writer of what is compared or asked.

Only what DER allows is read: definite, shortest lengths and tag numbers under 31, so that equal meaning has equal octets.
"""

from dataclasses import dataclass

INTEGER, OCTETS, NULL, OID, SEQUENCE, SET, TIME = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31, 0x18
_CONSTRUCTED = 0x20


class NotDer(Exception):
    """The octets are no DER, or not of the shape that is wanted; the message says why."""


@dataclass(frozen=True, slots=True)
class Element:
    """`tag` is the identifier octet; `encoded` the whole element, `content` what is inside."""

    tag: int
    content: bytes
    encoded: bytes

    def parts(self) -> list["Element"]:
        """The elements inside a constructed one."""
        if not self.tag & _CONSTRUCTED:
            raise NotDer(f"an element with tag 0x{self.tag:02x} has no parts")
        found: list[Element] = []
        at = 0
        while at < len(self.content):
            found.append(_element(self.content, at))
            at += len(found[-1].encoded)
        return found

    def only(self) -> "Element":
        """The one element inside."""
        parts = self.parts()
        if len(parts) != 1:
            raise NotDer(f"one element was expected in tag 0x{self.tag:02x}, not {len(parts)}")
        return parts[0]

    def must_be(self, tag: int) -> "Element":
        if self.tag != tag:
            raise NotDer(f"tag 0x{tag:02x} was expected, not 0x{self.tag:02x}")
        return self


def read(data: bytes) -> Element:
    """The one element that the octets are. Raises `NotDer`."""
    element = _element(data, 0)
    if len(element.encoded) != len(data):
        raise NotDer(f"{len(data) - len(element.encoded)} octets follow")
    return element


def first(data: bytes) -> Element:
    """The element that the octets begin with. Raises `NotDer`."""
    return _element(data, 0)


def write(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def write_integer(value: int) -> bytes:
    """A number that is not negative."""
    return write(INTEGER, value.to_bytes(value.bit_length() // 8 + 1))


def oid(dotted: str) -> bytes:
    """The content octets of an object identifier."""
    one, other, *arcs = (int(arc) for arc in dotted.split("."))
    octets = bytearray()
    for arc in (one * 40 + other, *arcs):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(groups))
    return bytes(octets)


def _element(data: bytes, at: int) -> Element:
    if len(data) - at < 2:
        raise NotDer("an element is cut short")
    tag, size, start = data[at], data[at + 1], at + 2
    if tag & 0x1F == 0x1F:
        raise NotDer("tag numbers over 30 do not occur here")
    if size & 0x80:
        count = size & 0x7F
        start += count
        if not 1 <= count <= 4 or start > len(data):
            raise NotDer("a length is not as DER has it")
        size = int.from_bytes(data[at + 2 : start])
        if size < 0x80 or size.bit_length() <= 8 * (count - 1):
            raise NotDer("a length is longer than it needs to be")
    if start + size > len(data):
        raise NotDer("an element is cut short")
    return Element(tag, data[start : start + size], data[at : start + size])
