"""IMAP and POP3 as far as the way to TLS goes: greeting, capabilities, STARTTLS or STLS (RFC 9051, RFC 1939, RFC 2449, RFC 2595).

Also which ports of mail speak which protocol, and which of them begin with TLS at once (RFC 8314).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from hauberk.model.transport import SmtpSession, Speaker, Turn
from hauberk.protocols.lines import Grammar
from hauberk.protocols.malformed import Malformed

TAG = "a"
_IMAP_GREETING = re.compile(r"\* (OK|PREAUTH|BYE)\b", re.IGNORECASE)
_IMAP_BYE = re.compile(r"\* BYE\b", re.IGNORECASE)
_IMAP_TAGGED = re.compile(rf"{TAG} (OK|NO|BAD)\b", re.IGNORECASE)
_IMAP_CAPABILITY = re.compile(r"(?:\* |\[)CAPABILITY ([^\]]*)", re.IGNORECASE)
_POP = re.compile(r"(\+OK|-ERR)(?:\s|$)", re.IGNORECASE)


class MailProtocol(StrEnum):
    SMTP = "smtp"
    IMAP = "imap"
    POP3 = "pop3"


@dataclass(frozen=True, slots=True)
class MailService:
    """What is spoken on a port. `tls_at_once`: the connection begins with the handshake; else the client asks for TLS in clear."""

    protocol: MailProtocol
    tls_at_once: bool = False


_SERVICES = {
    465: MailService(MailProtocol.SMTP, tls_at_once=True),
    993: MailService(MailProtocol.IMAP, tls_at_once=True),
    995: MailService(MailProtocol.POP3, tls_at_once=True),
    143: MailService(MailProtocol.IMAP),
    110: MailService(MailProtocol.POP3),
}


def service_on(port: int) -> MailService:
    """What a mail server speaks on this port; SMTP with STARTTLS where nothing else is known."""
    return _SERVICES.get(port, MailService(MailProtocol.SMTP))


@dataclass(frozen=True, slots=True)
class MailboxReply:
    """One reply of IMAP or POP3; the line that says yes or no is the last for IMAP and the first for POP3."""

    positive: bool
    lines: tuple[str, ...]
    verdict: str

    def __str__(self) -> str:
        return self.verdict


def imap_greeting(lines: list[str], line: str) -> MailboxReply | Malformed | None:
    """The first line of an IMAP server (RFC 9051, 7.1)."""
    found = _IMAP_GREETING.match(line)
    if found is None:
        return Malformed(line[:300], 0, "not an IMAP greeting: `* OK`, `* PREAUTH` or `* BYE` (RFC 9051, 7.1)", min(4, len(line)))
    lines.append(line)
    return MailboxReply(found[1].upper() != "BYE", tuple(lines), line)


def imap_line(lines: list[str], line: str) -> MailboxReply | Malformed | None:
    """The lines that answer a command with our tag; a BYE ends them as well (RFC 9051, 7.1.5)."""
    lines.append(line)
    tagged = _IMAP_TAGGED.match(line)
    if tagged:
        return MailboxReply(tagged[1].upper() == "OK", tuple(lines), line)
    if _IMAP_BYE.match(line):
        return MailboxReply(False, tuple(lines), line)
    if not line.startswith(("* ", "+ ")):
        return Malformed(line[:300], 0, "not an IMAP response: it begins with `* `, `+ ` or our tag (RFC 9051, 7)", min(2, len(line)))
    return None


def imap_farewell(lines: list[str], line: str) -> MailboxReply | Malformed | None:
    """The answer to LOGOUT: BYE, then the tagged OK (RFC 9051, 6.1.3)."""
    return None if _IMAP_BYE.match(line) else imap_line(lines, line)


def pop_line(lines: list[str], line: str) -> MailboxReply | Malformed | None:
    """A reply of one line (RFC 1939, 3)."""
    found = _POP.match(line)
    if found is None:
        return Malformed(line[:300], 0, "not a POP3 reply: it begins with `+OK` or `-ERR` (RFC 1939, 3)", min(4, len(line)))
    lines.append(line)
    return MailboxReply(found[1] == "+OK", tuple(lines), line)


def pop_listing(lines: list[str], line: str) -> MailboxReply | Malformed | None:
    """A reply of many lines, the last of which is a dot (RFC 1939, 3)."""
    if not lines:
        reply = pop_line(lines, line)
        return None if isinstance(reply, MailboxReply) and reply.positive else reply
    lines.append(line)
    return MailboxReply(True, tuple(lines), lines[0]) if line == "." else None


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """What a recorded IMAP or POP3 dialogue says; None for a reply that did not come. Capabilities are in upper case.

    `capabilities` are those in clear, `encrypted_capabilities` those inside TLS; `refused_with` is a greeting that turned us away.
    """

    greeting: MailboxReply | None = None
    capabilities: tuple[str, ...] | None = None
    starttls_reply: MailboxReply | None = None
    encrypted_capabilities: tuple[str, ...] | None = None
    refused_with: str = ""

    @property
    def starttls_offered(self) -> bool:
        return self.capabilities is not None and ("STARTTLS" in self.capabilities or "STLS" in self.capabilities)


def read_mailbox(session: SmtpSession, protocol: MailProtocol) -> MailboxFacts:
    """What the dialogue on an IMAP or POP3 port says, whatever it holds."""
    imap = protocol is MailProtocol.IMAP
    greeting: MailboxReply | None = None
    listed: dict[bool, tuple[str, ...]] = {}
    starttls: MailboxReply | None = None
    for command, encrypted, lines in _exchanges(session.dialogue):
        if command == "":
            greeting = greeting or _read(lines, imap_greeting if imap else pop_line)
        elif command in ("CAPABILITY", "CAPA"):
            reply = _read(lines, imap_line if imap else pop_listing)
            if reply and reply.positive:
                listed.setdefault(encrypted, _imap_capabilities(reply) if imap else _pop_capabilities(reply))
        elif command in ("STARTTLS", "STLS"):
            starttls = starttls or _read(lines, imap_line if imap else pop_line)
    return MailboxFacts(
        greeting, listed.get(False), starttls, listed.get(True), greeting.verdict if greeting and not greeting.positive else ""
    )


def _exchanges(dialogue: tuple[Turn, ...]) -> list[tuple[str, bool, list[str]]]:
    """Each command without tag (the greeting has none), whether it went through TLS, and the lines that answered it."""
    found: list[tuple[str, bool, list[str]]] = [("", bool(dialogue) and dialogue[0].encrypted, [])]
    for turn in dialogue:
        if turn.speaker is Speaker.SERVER:
            found[-1][2].append(turn.text)
        else:
            found.append((turn.text.removeprefix(f"{TAG} ").upper(), turn.encrypted, []))
    return found


def _read(lines: list[str], grammar: Grammar[MailboxReply]) -> MailboxReply | None:
    before: list[str] = []
    for line in lines:
        reply = grammar(before, line)
        if reply is not None:
            return reply if isinstance(reply, MailboxReply) else None
    return None


def _imap_capabilities(reply: MailboxReply) -> tuple[str, ...]:
    found = (match[1] for line in reply.lines if (match := _IMAP_CAPABILITY.search(line)))
    return tuple(dict.fromkeys(word for words in found for word in words.upper().split()))


def _pop_capabilities(reply: MailboxReply) -> tuple[str, ...]:
    """One a line, parameters included (`SASL PLAIN LOGIN`)."""
    return tuple(line.upper().strip() for line in reply.lines[1:-1])
