"""A query under way, and what all ways of carrying one have in common."""

import errno
import os
import ssl
from asyncio import Future
from collections.abc import Callable, Iterator
from itertools import chain, count
from struct import Struct
from typing import Protocol, TypeAlias

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence

Landed: TypeAlias = "Callable[[Flight, bytes | NoAnswer], None]"
Waiter: TypeAlias = "Future[DnsAnswer | NoAnswer]"


class Flight:
    """One question on its way; `waiter` is who asked first.

    `asked` is the question section and `query` the message after its id, in octets; `landed` is called once for every time the
    flight was given to a channel. `deadline` is the loop's time in seconds; `tries` counts sendings.
    """

    __slots__ = (
        "asked",
        "deadline",
        "doubted",
        "key",
        "landed",
        "over_tcp",
        "patient",
        "plain",
        "query",
        "question",
        "strange",
        "tries",
        "waiter",
    )

    def __init__(self, question: Question, asked: bytes, query: bytes, landed: Landed, waiter: Waiter) -> None:
        self.question = question
        self.asked = asked
        self.query = query
        self.landed = landed
        self.waiter = waiter
        self.key = b""
        self.deadline = 0.0
        self.tries = 0
        self.doubted = False  # a SERVFAIL came and was not believed
        self.plain = False  # asked without EDNS
        self.over_tcp = False  # a truncated reply sent it there
        self.patient = False  # unanswered for so long that the resolver must be working on it
        self.strange = False  # something came that was no reply to it


class Channel(Protocol):
    """One way to one server."""

    @property
    def busy(self) -> bool: ...

    def send(self, flight: Flight) -> None: ...

    def sweep(self, now: float) -> None:
        """Send again or give up what is overdue; called every `TICK` seconds while anything is busy."""
        ...

    def close(self) -> None: ...


TICK = 0.05
_BULK = Struct("2s" * 1024)


def random_ids() -> Iterator[bytes]:
    """Message ids without end, drawn from the system's source of randomness in bulk."""
    return chain.from_iterable(_BULK.unpack(os.urandom(_BULK.size)) for _ in count())


_UNREACHABLE = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT))


def silence_of(error: Exception) -> NoAnswer:
    """What an error of the network means for a question."""
    match error:
        case ConnectionRefusedError():
            return NoAnswer(Silence.REFUSED, "the name server's port is closed")
        case TimeoutError():
            return NoAnswer(Silence.TIMEOUT, "no connection to the name server in time")
        case ssl.SSLCertVerificationError():
            return NoAnswer(Silence.UNREACHABLE, f"the resolver's certificate is not to be trusted: {error.verify_message}")
        case ssl.SSLError():
            return NoAnswer(Silence.UNREACHABLE, f"no TLS with the resolver: {error.reason or error}")
        case OSError() if error.errno in _UNREACHABLE:
            return NoAnswer(Silence.UNREACHABLE, f"no way to the name server: {os.strerror(error.errno or 0)}")
        case _:
            return NoAnswer(Silence.UNREACHABLE, f"the connection to the name server failed: {error}")
