"""What a mail server or a web server said: SMTP dialogues, TLS handshakes, HTTPS answers, as they were observed."""

from dataclasses import dataclass
from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from hauberk.model.dns import NoAnswer


class Endpoint(Struct, frozen=True, order=True, cache_hash=True, gc=False):
    """One MX host at one address. `host` is spelled like `Question.name`; `address` is the canonical text of an IP address."""

    host: str
    address: str
    port: int = 25

    def __str__(self) -> str:
        shown = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.host} {shown}" if self.port == 25 else f"{self.host} {shown}:{self.port}"


class Speaker(StrEnum):
    CLIENT = "c"
    SERVER = "s"


class Turn(Struct, frozen=True, gc=False):
    """One line of a dialogue, without its CRLF; `at_ms` counts from the start of the connection attempt.

    Octets that are not UTF-8 are written `\\xNN`. `encrypted` says that the line went through TLS.
    """

    speaker: Speaker
    text: str
    at_ms: int = 0
    encrypted: bool = False


class Ending(StrEnum):
    """How a session came to its end."""

    QUIT = "quit"  # we said QUIT
    CLOSED = "closed"  # the server closed
    RESET = "reset"
    TIMEOUT = "timeout"
    TOO_MUCH = "too-much"  # the server sent more than a session may hold
    GARBLED = "garbled"  # not SMTP


@dataclass(frozen=True, slots=True)
class TlsHandshake:
    """One real TLS handshake as the client saw it.

    `chain` holds the server's certificates as DER, leaf first, in the order sent. When `completed` is false, `error` says why and
    the other fields hold what was learnt until then. `version` is `TLSv1.3`, `TLSv1.2`, `TLSv1.1`, `TLSv1` or empty; `suite` is
    the IANA name, `group` the IANA name of the key exchange group or empty. `resumption` says that the server offered a ticket or a
    session id; None if not seen.

    `max_early_data` is how many octets the server's ticket lets a client send early (RFC 8446, 4.6.1; 0: none), unset where no such ticket
    came. `renegotiated` says whether the server went along when asked for a second handshake, unset where it was not asked or not to be
    understood. What is unset does not stand on the tape, so that older tapes keep their evidence id.
    """

    completed: bool
    server_name: str = ""
    version: str = ""
    suite: str = ""
    group: str = ""
    chain: tuple[bytes, ...] = ()
    resumption: bool | None = None
    error: str = ""
    max_early_data: int | UnsetType = UNSET
    renegotiated: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class SmtpSession:
    """One SMTP connection: greeting, EHLO, STARTTLS, handshake, EHLO, QUIT, as far as it went.

    `detail` words the ending when it was not our QUIT. `tls` is None when no handshake was begun.
    """

    dialogue: tuple[Turn, ...]
    ending: Ending
    detail: str = ""
    tls: TlsHandshake | None = None


@dataclass(frozen=True, slots=True)
class SmtpExchange:
    """An endpoint with what came back: exactly one of `session` and `no_answer` (never connected) is set."""

    endpoint: Endpoint
    session: SmtpSession | None = None
    no_answer: NoAnswer | None = None


@dataclass(frozen=True, slots=True)
class Url:
    """One HTTPS GET without redirects; the answer's body is cut at `limit` octets."""

    url: str
    limit: int = 65_536


@dataclass(frozen=True, slots=True)
class HttpsAnswer:
    """What a web server answered to one GET; no redirect was followed and nothing was verified while fetching.

    `status` is 0 when TLS did not come about; `body` is cut at `limit` octets (`truncated`).
    """

    address: str
    tls: TlsHandshake
    status: int = 0
    content_type: str = ""
    location: str = ""
    body: bytes = b""
    truncated: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class HttpsExchange:
    """A URL with what came back: exactly one of `answer` and `no_answer` is set."""

    question: Url
    answer: HttpsAnswer | None = None
    no_answer: NoAnswer | None = None


class Hello(Struct, frozen=True, cache_hash=True, gc=False):
    """One TLS ClientHello (or SSLv2 CLIENT-HELLO) to send to an endpoint, behind its opening (STARTTLS where the port wants it).

    `octets` is the whole record as sent; the handshake is never finished. `purpose` says in a few words what it tries to find out.
    """

    endpoint: Endpoint
    octets: bytes
    purpose: str = ""


class Flight(Struct, frozen=True, gc=False):
    """What the server sent back to one hello: its octets up to the end of its flight (or of our patience), and how that ended.

    `ending` is `QUIT` when the flight was complete and we left. `refusal` is the reply line of a server that did not let us come to
    the hello (421, 450, 454, 554 ...); `received` is empty then.
    """

    received: bytes
    ending: Ending
    refusal: str = ""


class HelloExchange(Struct, frozen=True, gc=False):
    """A hello with what came back: exactly one of `flight` and `no_answer` is set."""

    question: Hello
    flight: Flight | None = None
    no_answer: NoAnswer | None = None


class TrialMatter(StrEnum):
    COMMANDS = "commands"
    RENEGOTIATION = "renegotiation"
    RELAYING = "relaying"


class Trial(Struct, frozen=True, cache_hash=True, omit_defaults=True, order=True):
    """A session that tries something out, without mail.

    Commands are for the owner of the host alone: VRFY of a user that must exist and of one that cannot, EXPN, and then a NOOP that is sent
    in clear together with STARTTLS: a sound server forgets it before the handshake (CVE-2011-0411). Renegotiation is one handshake with
    TLS 1.2 at most and the wish for one more (RFC 5246, 7.4.1.1), on any port. Relaying is for the owner again: recipients elsewhere, named
    in many ways to a mail server of `domain` (`protocols.relay`).
    """

    endpoint: Endpoint
    matter: TrialMatter = TrialMatter.COMMANDS
    domain: str = ""


@dataclass(frozen=True, slots=True)
class TrialExchange:
    """A trial with what came back: exactly one of `session` and `no_answer` is set."""

    question: Trial
    session: SmtpSession | None = None
    no_answer: NoAnswer | None = None
