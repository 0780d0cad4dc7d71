"""DNS questions and their recorded answers."""

from enum import StrEnum

from msgspec import Struct


class Question(Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """One DNS question.

    `name` is in A-label form, lower case, without the trailing dot (the root is `.`); `type` is the mnemonic (`MX`).
    `server` is empty for the resolver, or the address of the one authoritative server that is asked without recursion.
    `checking_disabled` sets CD (RFC 4035, 3.2.2): give me the answer even if it does not validate.
    """

    name: str
    type: str
    server: str = ""
    checking_disabled: bool = False


class Record(Struct, frozen=True, gc=False):
    """One resource record; `data` is its presentation format (RFC 1035, 5.1; RFC 3597 for types without one).

    Names inside `data` are absolute and end with a dot; TXT strings are quoted, with `\\DDD` for octets that are not printable ASCII.
    `name` is spelled like `Question.name`.
    """

    name: str
    type: str
    ttl: int
    data: str


class DnsAnswer(Struct, frozen=True, cache_hash=True, gc=False):
    """What a name server answered.

    `rcode` is the mnemonic (`NOERROR`, `NXDOMAIN`, `SERVFAIL`, ...); `records` is the answer section in the order received,
    CNAMEs included. `authenticated` is the AD bit, or None where the path to the resolver is not trusted, so that the bit
    means nothing (RFC 6840, 5.7). `extended_errors` are the info-codes of RFC 8914.
    """

    rcode: str
    records: tuple[Record, ...] = ()
    authenticated: bool | None = None
    extended_errors: tuple[int, ...] = ()

    def of(self, type: str) -> tuple[Record, ...]:
        """The records of one type, wherever a CNAME led."""
        return tuple([record for record in self.records if record.type == type])


class Silence(StrEnum):
    """Why there is no answer to a question."""

    TIMEOUT = "timeout"
    REFUSED = "refused"  # the connection was refused
    UNREACHABLE = "unreachable"  # no route, network down, reset
    NO_ROUTE = "no-route"  # the scanner itself has no connectivity of this address family
    FORBIDDEN = "forbidden"  # the address guard did not allow it
    OUT_OF_TIME = "out-of-time"  # the scan's own time limit came first
    GARBLED = "garbled"  # something came that is no message of the protocol
    NOT_ASKED = "not-asked"  # the tape does not hold this question


class NoAnswer(Struct, frozen=True, gc=False):
    """A question that was not answered; the absence is data, not an exception. `detail` is a short sentence."""

    reason: Silence
    detail: str = ""


class DnsExchange(Struct, frozen=True, gc=False):
    """A question with what came back: exactly one of `answer` and `no_answer` is set."""

    question: Question
    answer: DnsAnswer | None = None
    no_answer: NoAnswer | None = None
