"""DNS messages without I/O: a question into the octets of a query, the octets of a reply into a `DnsAnswer` (RFC 1035, RFC 6891).

Theory of operation: a scan asks some 26 questions a domain and thousands of domains a second, so a reply is read once, front to
back, and only what a `DnsAnswer` holds: the answer section, and from the end the EDNS record with its extended errors. Whether a
reply belongs to a query is told by comparing octets (`belongs`), without reading it. A query is kept without its first two
octets, the id, which belongs to the one who sends it.
"""

import struct
from functools import cache, lru_cache

from hauberk.model.dns import DnsAnswer, Question, Record
from hauberk.world.dns.presentation import READERS, generic
from hauberk.world.dns.registry import RCODES, rcode_mnemonic, type_code
from hauberk.world.dns.wire_names import Garbled, Known, encode_name, owner_text, read_name

__all__ = ["TC", "Garbled", "belongs", "decode", "query", "question_section"]

TC = 0x02  # in the third octet of a reply: truncated
PAYLOAD = 1232  # octets of a UDP answer that pass unfragmented nearly everywhere (DNS flag day 2020)

_FIXED = struct.Struct("!HHIH")
_POINTER_TO_QUESTION = b"\xc0\x0c"
_COUNTS_EDNS = b"\0\1\0\0\0\0\0\1"
_COUNTS_PLAIN = b"\0\1\0\0\0\0\0\0"
_OPT = b"\0" + _FIXED.pack(41, PAYLOAD, 0, 0)  # the root, OPT, payload size, version 0, DO=0, no options
_OPT_BEGINS = b"\0\0\x29"
_RD, _AD, _CD = 0x0100, 0x0020, 0x0010
_IN = 1
_EXTENDED_ERROR = 15
_NO_ECHO = frozenset((1, 2, 4, 5))  # FORMERR, SERVFAIL, NOTIMP, REFUSED may come without the question

_tails: dict[str, bytes] = {}


def question_section(question: Question) -> bytes | None:
    """The question as it stands in a message: name, type, class IN. None when name or type cannot be asked."""
    tail = _tails.get(question.type)
    if tail is None:
        code = type_code(question.type)
        if code is None:
            return None
        tail = _tails[question.type] = struct.pack("!HH", code, _IN)
    name = encode_name(question.name)
    return None if name is None else name + tail


def query(asked: bytes, recursive: bool = True, checking_disabled: bool = False, *, edns: bool = True) -> bytes:
    """A query for a question section, without the id.

    A recursive one sets AD, so that the reply's AD bit comes without the weight of the signatures (RFC 6840, 5.7).
    """
    head, tail = _frame(recursive, checking_disabled, edns)
    return head + asked + tail


@cache
def _frame(recursive: bool, checking_disabled: bool, edns: bool) -> tuple[bytes, bytes]:
    """What stands before and after the question section."""
    flags = (_RD | _AD if recursive else 0) | (_CD if checking_disabled else 0)
    return flags.to_bytes(2, "big") + (_COUNTS_EDNS if edns else _COUNTS_PLAIN), _OPT if edns else b""


def belongs(reply: bytes, asked: bytes) -> bool:
    """Whether a message is a reply to the question; the id is the caller's business.

    Some servers leave the question out when they refuse one, and some change the case of its letters.
    """
    if reply.startswith(asked, 12) and reply[2] & 0xF8 == 0x80 and reply.startswith(b"\0\1", 4):
        return True
    if len(reply) < 12 or reply[2] & 0xF8 != 0x80:
        return False
    if reply[4] == 0 and reply[5] == 0:
        return reply[3] & 15 in _NO_ECHO
    end = 12 + len(asked)
    return reply[4:6] == b"\0\1" and reply[12 : end - 4].lower() == asked[:-4].lower() and reply[end - 4 : end] == asked[-4:]


def decode(reply: bytes, question: Question, asked: bytes, *, trusted: bool) -> DnsAnswer:
    """The answer in a reply that `belongs` to the question. Raises `Garbled` and nothing else.

    `trusted` says that the AD bit of this path means something.
    """
    count = reply[6] << 8 | reply[7]
    records: tuple[Record, ...] = ()
    errors: tuple[int, ...] = ()
    at = 12 + len(asked) if reply[5] else 12
    try:
        if count:
            records, at = _read_records(reply, at, count, question.name, len(asked) - 4)
        # Nearly every server puts an OPT record without options last: 11 octets, seen without reading what stands before.
        if reply.startswith(_OPT_BEGINS, len(reply) - 11) and reply.endswith(b"\0\0"):
            upper = reply[-6]
        else:
            upper, errors = _edns(reply, at)
    except (IndexError, ValueError, struct.error, OverflowError, OSError) as error:
        raise Garbled(f"the message breaks off or contradicts itself: {error}") from None
    code = reply[3] & 15 | upper << 4
    authenticated = reply[3] & _AD != 0 if trusted else None
    if records or errors:
        return DnsAnswer(RCODES.get(code) or rcode_mnemonic(code), records, authenticated, errors)
    return _empty(code, authenticated)


@lru_cache(maxsize=256)
def _empty(code: int, authenticated: bool | None) -> DnsAnswer:
    return DnsAnswer(rcode_mnemonic(code), (), authenticated)


def _read_records(reply: bytes, at: int, count: int, name: str, octets: int) -> tuple[tuple[Record, ...], int]:
    """The records of class IN, and the offset behind them all; `name` is the question's, `octets` its length on the wire."""
    known: Known = {}
    records: list[Record] = []
    size = len(reply)
    for _ in range(count):
        if reply.startswith(_POINTER_TO_QUESTION, at):
            owner = name
            at += 2
        else:
            text, at = read_name(reply, at, known)
            owner = owner_text(text)
        code, kind, ttl, length = _FIXED.unpack_from(reply, at)
        start = at + 10
        at = start + length
        if at > size:
            raise Garbled("a record runs over the end")
        if kind != _IN:
            continue
        mnemonic, present, has_names = READERS.get(code) or (f"TYPE{code}", generic, False)
        if has_names and 12 not in known:
            known[12] = (name + "." if name != "." else ".", octets)
        records.append(Record(owner, mnemonic, ttl if ttl < 0x80000000 else 0, present(reply, start, at, known)))
    return tuple(records), at


def _edns(reply: bytes, at: int) -> tuple[int, tuple[int, ...]]:
    """The upper eight bits of the response code and the extended errors (RFC 8914); `at` is the end of the answer section."""
    for _ in range((reply[8] << 8 | reply[9]) + (reply[10] << 8 | reply[11])):
        while length := reply[at]:
            at += length + 1
            if length >= 64:
                at += 1 - length  # a pointer ends the name and has two octets
                break
        else:
            at += 1
        code, _, ttl, size = _FIXED.unpack_from(reply, at)
        start, at = at + 10, at + 10 + size
        if at > len(reply):
            raise Garbled("a record runs over the end")
        if code == 41:
            return ttl >> 24, _extended_errors(reply[start:at])
    return 0, ()


def _extended_errors(options: bytes) -> tuple[int, ...]:
    errors: list[int] = []
    at = 0
    while at + 4 <= len(options):
        code, size = struct.unpack_from("!HH", options, at)
        if code == _EXTENDED_ERROR and size >= 2 and at + 6 <= len(options):
            errors.append(options[at + 4] << 8 | options[at + 5])
        at += 4 + size
    return tuple(errors)
