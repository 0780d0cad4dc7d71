"""SMTP as a client sees it: replies, the EHLO response, and what a recorded dialogue says (RFC 5321, RFC 2034, RFC 3207)."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from hauberk.model.transport import SmtpSession, Speaker, Turn
from hauberk.protocols.malformed import Malformed, visible

_REPLY_LINE = re.compile(r"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?=\s|$)")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply; `lines` are the texts behind the code. `enhanced` is the code of RFC 3463 (`4.7.1`) or empty."""

    code: int
    lines: tuple[str, ...] = ("",)

    @property
    def enhanced(self) -> str:
        found = _ENHANCED.match(self.lines[0])
        return found[0] if found and found[1] == str(self.code)[0] else ""

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 400

    @property
    def transient(self) -> bool:
        return 400 <= self.code < 500

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.lines)}".rstrip()


@dataclass(frozen=True, slots=True)
class Capability:
    """One EHLO keyword in upper case with its parameters as they were sent."""

    keyword: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ehlo:
    """The response to EHLO (RFC 5321, 4.1.1.1); `domain` is the name that the server gives itself, lower case."""

    domain: str
    capabilities: tuple[Capability, ...] = ()

    def offers(self, keyword: str) -> bool:
        return any(capability.keyword == keyword for capability in self.capabilities)


class Refusal(StrEnum):
    """Why a server that answers does not talk to us; it says nothing of the server's security."""

    GREYLISTED = "greylisted"
    BLOCKED = "blocked"
    RATE_LIMITED = "rate-limited"
    UNAVAILABLE = "unavailable"  # the server says that it cannot serve anybody at present
    NO_SERVICE = "no-service"  # the server says that it takes no mail at all (RFC 7504)


@dataclass(frozen=True, slots=True)
class SmtpFacts:
    """What a dialogue says. A reply that did not come, was cut or was garbled is None; `garbled` holds the first garbled one.

    `ehlo_clear` and `ehlo_encrypted` are the responses before and after the handshake; `helo` the one to HELO when EHLO was refused.
    `refusal` is set when the greeting, or both EHLO and HELO, were answered with 4yz or 5yz, or when a decoy answered in the server's
    place; `refused_with` is that reply.
    `starttls_reply` is what the command STARTTLS got; a 4yz there is a temporary failure and never "no TLS" (RFC 3207, 4).
    """

    greeting: Reply | None = None
    banner_host: str = ""
    ehlo_reply: Reply | None = None
    ehlo_clear: Ehlo | None = None
    ehlo_encrypted: Ehlo | None = None
    helo: Reply | None = None
    starttls_reply: Reply | None = None
    refusal: Refusal | None = None
    refused_with: Reply | None = None
    garbled: Malformed | None = None

    @property
    def refused_us(self) -> bool:
        return self.refusal is not None

    @property
    def served(self) -> bool:
        """The server greeted us and accepted EHLO or HELO, so that a missing STARTTLS is the server's own doing."""
        return self.ehlo_clear is not None or (self.helo is not None and self.helo.positive)

    @property
    def starttls_offered(self) -> bool:
        return self.ehlo_clear is not None and self.ehlo_clear.offers("STARTTLS")


def read_reply(lines: Iterable[str]) -> Reply | Malformed | None:
    """The reply that these lines are (RFC 5321, 4.2), None while more must come. The code is that of the last line."""
    texts: list[str] = []
    for line in lines:
        reply = smtp_line(texts, line)
        if reply is not None:
            return reply
    return None


def smtp_line(texts: list[str], line: str) -> Reply | Malformed | None:
    """Put the text of one more line behind the others; what the whole is once the line is the last."""
    read = _read_line(line)
    if read is None:
        reason = "not an SMTP reply: it begins with three digits and a space or hyphen (RFC 5321, 4.2)"
        return Malformed(line[:300], 0, reason, min(3, len(line)))
    code, text, is_last = read
    texts.append(text)
    return Reply(code, tuple(texts)) if is_last else None


@lru_cache(maxsize=1024)
def _read_line(line: str) -> tuple[int, str, bool] | None:
    """Code, text, and whether it is the last. Kept, since all servers say the same few things."""
    match = _REPLY_LINE.fullmatch(line)
    return (int(match[1]), match[3] or "", match[2] != "-") if match else None


def render_reply(reply: Reply) -> bytes:
    """The octets of a reply, as a server sends it."""
    *before, last = reply.lines
    return "".join([f"{reply.code}-{line}\r\n" for line in before] + [f"{reply.code} {last}\r\n"]).encode()


def parse_ehlo(reply: Reply) -> Ehlo | Malformed:
    """The EHLO response; the old form `AUTH=LOGIN` is read as `AUTH LOGIN`."""
    if reply.code != 250:
        return Malformed(str(reply)[:300], 0, "EHLO was not answered with 250", 3)
    capabilities = tuple([capability for capability in map(_capability, reply.lines[1:]) if capability])
    return Ehlo(_host_name(reply), capabilities)


@lru_cache(maxsize=1024)
def _capability(line: str) -> Capability | None:
    keyword, _, rest = line.strip().replace("=", " ", 1 if line.upper().startswith("AUTH=") else 0).partition(" ")
    return Capability(keyword.upper(), tuple(rest.split())) if keyword else None


def _host_name(reply: Reply) -> str:
    words = reply.lines[0].split()
    return words[0].lower().rstrip(".") if words and _HOST_NAME.fullmatch(words[0]) else ""


def read_session(session: SmtpSession) -> SmtpFacts:
    """What a recorded dialogue says, whatever it holds."""
    replies: dict[tuple[str, bool], Reply] = {}
    garbled: Malformed | None = None
    for command, encrypted, lines in _exchanges(session.dialogue):
        reply = read_reply(lines)
        if isinstance(reply, Reply):
            replies.setdefault((command, encrypted), reply)
        elif isinstance(reply, Malformed) and garbled is None:
            garbled = reply
    greeting, ehlo, helo = (replies.get((command, False)) for command in ("", "EHLO", "HELO"))
    decoy = next((reply for reply in (greeting, ehlo, helo) if reply and _DECOY.search(" ".join(reply.lines))), None)
    if decoy:
        return SmtpFacts(greeting=greeting, ehlo_reply=ehlo, refusal=Refusal.GREYLISTED, refused_with=decoy, garbled=garbled)
    refused_with = _refused_with(greeting, ehlo, helo)
    return SmtpFacts(
        greeting=greeting,
        banner_host=_host_name(greeting) if greeting and greeting.code == 220 else "",
        ehlo_reply=ehlo,
        ehlo_clear=_ehlo(ehlo),
        ehlo_encrypted=_ehlo(replies.get(("EHLO", True))),
        helo=helo,
        starttls_reply=replies.get(("STARTTLS", False)),
        refusal=refusal_of(refused_with) if refused_with else None,
        refused_with=refused_with,
        garbled=garbled,
    )


def _exchanges(dialogue: tuple[Turn, ...]) -> Iterator[tuple[str, bool, list[str]]]:
    """Each command's verb (the greeting has none), whether it went through TLS, and the lines that answered it."""
    command, encrypted, lines = "", False, list[str]()
    for turn in dialogue:
        if turn.speaker is Speaker.SERVER:
            lines.append(turn.text)
            continue
        yield command, encrypted, lines
        command, encrypted, lines = turn.text.partition(" ")[0].upper(), turn.encrypted, []
    yield command, encrypted, lines


def _ehlo(reply: Reply | None) -> Ehlo | None:
    parsed = parse_ehlo(reply) if reply else None
    return parsed if isinstance(parsed, Ehlo) else None


def _refused_with(greeting: Reply | None, ehlo: Reply | None, helo: Reply | None) -> Reply | None:
    if greeting and not greeting.positive:
        return greeting
    if ehlo and not ehlo.positive and (ehlo.transient or helo is None or not helo.positive):
        return ehlo
    return None


_WORDS = (
    (Refusal.GREYLISTED, re.compile(r"gr[ea]y[ -]?list")),
    (Refusal.RATE_LIMITED, re.compile(r"too (many|fast|frequent)|rate[ -]?(limit|exceeded)|throttl|concurren|connection rate")),
    (Refusal.NO_SERVICE, re.compile(r"no (smtp|mail) service|not accept (e-?)?mail")),
    (
        Refusal.BLOCKED,
        re.compile(
            r"block|(black|deny) ?list|reputation|\b(dns|r)bl|spam|barracuda|banned|denied|not (allowed|permitted)|refused|rejected|policy"
            r"|reverse dns|\bptr\b|dynamic ip"
        ),
    ),
)
# spamd stands in for the mail server until it has seen a client come back; what it offers says nothing of the server.
_DECOY = re.compile(r"spamd IP-based SPAM blocker|Pleased to be wasting your time")
_CODES = {450: Refusal.GREYLISTED, 521: Refusal.NO_SERVICE}


def refusal_of(reply: Reply) -> Refusal:
    """The kind of a refusal, by the words that servers use, then by its code."""
    text = " ".join(reply.lines).lower()
    for refusal, words in _WORDS:
        if words.search(text):
            return refusal
    return _CODES.get(reply.code, Refusal.UNAVAILABLE if reply.transient else Refusal.BLOCKED)


def quoted(reply: Reply) -> str:
    """A reply for a report: one line, at most 200 characters, odd characters made visible."""
    return visible(str(reply))[:200]
