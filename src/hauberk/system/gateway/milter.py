"""The milter protocol, version 6, as octets: what the mail server says, and what may be answered. No I/O.

A packet is a length (32 bits, network order; it counts what follows), one octet that says what it is, and data. There is no RFC: the
source is Sendmail's `include/libmilter/mfdef.h`; Postfix's MILTER_README says which parts of it Postfix speaks. Nothing here trusts
a length: a packet that claims more than `MOST_PACKET` ends the conversation before any of it is kept.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from typing import Final, TypeAlias

VERSION: Final = 6
OLDEST: Final = 2
MOST_PACKET: Final = 1_100_000  # a header field or a chunk of a body with the greatest size that is negotiated (SMFIP_MDS_1M)
CHUNK: Final = 65_535


class Actions(IntFlag):
    """What a milter may do to a message (SMFIF_...)."""

    ADD_HEADERS = 0x01
    CHANGE_BODY = 0x02
    CHANGE_HEADERS = 0x10
    QUARANTINE = 0x20


class Steps(IntFlag):
    """What is left out of the conversation, or not answered (SMFIP_...)."""

    NO_HELO = 0x02
    NO_UNKNOWN = 0x100
    NO_REPLY_HEADER = 0x80
    NO_REPLY_CONNECT = 0x1000
    NO_REPLY_DATA = 0x10000
    NO_REPLY_END_OF_HEADERS = 0x40000
    NO_REPLY_BODY = 0x80000
    LEADING_SPACE = 0x100000


class Garbled(ValueError):
    """The other side does not speak this protocol; the message says where."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What a packet is (one octet of ASCII) and its data."""

    kind: bytes
    data: bytes


class Framer:
    """Octets as they come from a stream, cut into packets. Holds at most one packet that is not complete."""

    def __init__(self, most: int = MOST_PACKET) -> None:
        self._most = most
        self._held = bytearray()

    def feed(self, octets: bytes) -> Iterator[Packet]:
        """The packets that are complete now; raises `Garbled` for one of no length or of too great a one."""
        self._held += octets
        start = 0
        try:
            while len(self._held) - start >= 4:
                length = int.from_bytes(self._held[start : start + 4], "big")
                if not 0 < length <= self._most:
                    raise Garbled(f"a packet of {length:,} octets")
                if len(self._held) - start - 4 < length:
                    break
                packet = bytes(self._held[start + 4 : start + 4 + length])
                start += 4 + length
                yield Packet(packet[:1], packet[1:])
        finally:
            del self._held[:start]


@dataclass(frozen=True, slots=True)
class Negotiate:
    """What the mail server speaks and lets a milter do."""

    version: int
    actions: int
    steps: int


@dataclass(frozen=True, slots=True)
class Macros:
    """Values that hold from the command `stage` on: pairs of name (braces included) and value."""

    stage: bytes
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Connect:
    """A client connected. `address` is empty where it is not known."""

    host: str
    address: str


@dataclass(frozen=True, slots=True)
class MailFrom:
    """The envelope sender as it was given, angle brackets included, and its ESMTP parameters."""

    path: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RcptTo:
    """One envelope recipient as it was given, angle brackets included, and its ESMTP parameters."""

    path: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeaderField:
    """One header field, in the order of the message; lines of a folded value end in LF."""

    name: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class BodyChunk:
    octets: bytes


@dataclass(frozen=True, slots=True)
class EndOfMessage:
    """The message is complete; `octets` are the rest of its body."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Abort:
    """The message is given up; the connection stays."""


@dataclass(frozen=True, slots=True)
class NewConnection:
    """The connection to the client ends and another one may follow on this stream (SMFIC_QUIT_NC)."""


@dataclass(frozen=True, slots=True)
class Quit:
    """The conversation ends."""


@dataclass(frozen=True, slots=True)
class Other:
    """A step that says nothing that is wanted here: HELO, DATA, the end of the header, an unknown command."""

    kind: bytes


Command: TypeAlias = (
    Negotiate | Macros | Connect | MailFrom | RcptTo | HeaderField | BodyChunk | EndOfMessage | Abort | NewConnection | Quit | Other
)


def read(packet: Packet) -> Command:
    """What a packet says; raises `Garbled` for a kind that there is not and for data of another shape."""
    data = packet.data
    match packet.kind:
        case b"O":
            if len(data) < 12:
                raise Garbled(f"a negotiation of {len(data)} octets")
            return Negotiate(*(int.from_bytes(data[at : at + 4], "big") for at in (0, 4, 8)))
        case b"D":
            return _macros(data)
        case b"C":
            return _connect(data)
        case b"M":
            path, *parameters = _strings(data, "MAIL")
            return MailFrom(path, tuple(parameters))
        case b"R":
            path, *parameters = _strings(data, "RCPT")
            return RcptTo(path, tuple(parameters))
        case b"L":
            parts = data.split(b"\0")
            if len(parts) != 3 or parts[2] or not parts[0]:
                raise Garbled("a header field that is not a name and a value, each with a zero octet at its end")
            return HeaderField(parts[0], parts[1])
        case b"B":
            return BodyChunk(data)
        case b"E":
            return EndOfMessage(data)
        case b"A":
            return Abort()
        case b"K":
            return NewConnection()
        case b"Q":
            return Quit()
        case b"H" | b"T" | b"N" | b"U":
            return Other(packet.kind)
        case _:
            raise Garbled(f"a packet of the unknown kind {packet.kind!r}")


def _strings(data: bytes, what: str) -> list[str]:
    """Strings with a zero octet at the end of each; at least one. Octets that are not UTF-8 are kept as lone surrogates."""
    if not data.endswith(b"\0"):
        raise Garbled(f"{what}: no zero octet at the end")
    return [one.decode("utf-8", "surrogateescape") for one in data[:-1].split(b"\0")]


def _macros(data: bytes) -> Macros:
    stage, rest = data[:1], data[1:]
    if not stage:
        raise Garbled("macros of no stage")
    if not rest:
        return Macros(stage, ())
    values = _strings(rest, "macros")
    if len(values) % 2:
        raise Garbled("a macro without a value")
    return Macros(stage, tuple(zip(values[::2], values[1::2], strict=True)))


def _connect(data: bytes) -> Connect:
    """Host name, zero, family (`U`nknown, `L`ocal, `4`, `6`); then but for `U` a port (16 bits) and an address with zero."""
    host, zero, rest = data.partition(b"\0")
    if not zero or not rest:
        raise Garbled("a connection without a family")
    address = b""
    if rest[:1] != b"U":
        if len(rest) < 4 or not rest.endswith(b"\0"):
            raise Garbled("a connection with half an address")
        address = rest[3:-1]
    return Connect(host.decode("utf-8", "surrogateescape"), address.decode("ascii", "surrogateescape").removeprefix("IPv6:"))


def packet(kind: bytes, data: bytes = b"") -> bytes:
    """A packet as it goes over the wire."""
    return struct.pack("!I", len(data) + 1) + kind + data


CONTINUE: Final = packet(b"c")
ACCEPT: Final = packet(b"a")
TEMPFAIL: Final = packet(b"t")
PROGRESS: Final = packet(b"p")


def negotiated(version: int, actions: Actions, steps: int) -> bytes:
    """The answer to `Negotiate`."""
    return packet(b"O", struct.pack("!III", version, actions, steps))


def reply(code: int, enhanced: str, text: str) -> bytes:
    """An SMTP reply of one line that ends the transaction; `text` becomes ASCII, without line ends, at most 400 octets of it.

    A per cent sign is doubled: the mail server reads the text as a format (smfi_setreply).
    """
    if not 400 <= code <= 599 or enhanced[:1] != str(code)[:1]:
        raise ValueError(f"not a refusal: {code} {enhanced}")
    clean = "".join(one if " " <= one <= "~" else "?" for one in text)[:400]
    return packet(b"y", f"{code} {enhanced} {clean}".replace("%", "%%").encode("ascii") + b"\0")


def add_header(name: str, value: bytes) -> bytes:
    return packet(b"h", name.encode("ascii") + b"\0" + value + b"\0")


def change_header(name: str, index: int, value: bytes) -> bytes:
    """Another value for the field of this name that is the `index`th (from 1); an empty one takes it away."""
    return packet(b"m", struct.pack("!I", index) + name.encode("ascii") + b"\0" + value + b"\0")


def replace_body(octets: bytes) -> Iterator[bytes]:
    """The packets that put another body in place."""
    for start in range(0, max(len(octets), 1), CHUNK):
        yield packet(b"b", octets[start : start + CHUNK])


def quarantine(reason: str) -> bytes:
    """Hold the message for a person to look at."""
    return packet(b"q", "".join(one if " " <= one <= "~" else "?" for one in reason)[:400].encode("ascii") + b"\0")
