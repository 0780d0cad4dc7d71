"""The way to a ClientHello on a mail port: greeting, EHLO, STARTTLS (SMTP), or `a STARTTLS` (IMAP), or STLS (POP3), or nothing at all.

An opening is a generator: it yields what to say and how the reply reads, is sent the reply, and ends with the server's words if it refused
(empty if not). Who drives it owns the connection and the clock.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias

from hauberk.protocols.lines import Grammar
from hauberk.protocols.mailbox import TAG, MailboxReply, MailProtocol, MailService, imap_greeting, imap_line, pop_line
from hauberk.protocols.smtp import Reply, smtp_line

_MOST_QUOTED = 500
AnyReply: TypeAlias = Reply | MailboxReply


@dataclass(frozen=True, slots=True)
class Step:
    """A command (empty: the server speaks first) and the grammar of its reply; `name` is what complaints call it."""

    command: str
    grammar: Grammar[AnyReply]
    name: str


Opening: TypeAlias = Generator[Step, AnyReply, str]

GREETINGS = {
    MailProtocol.SMTP: Step("", smtp_line, "the greeting"),
    MailProtocol.IMAP: Step("", imap_greeting, "the greeting"),
    MailProtocol.POP3: Step("", pop_line, "the greeting"),
}
_STARTS = {
    MailProtocol.SMTP: Step("STARTTLS", smtp_line, "STARTTLS"),
    MailProtocol.IMAP: Step(f"{TAG} STARTTLS", imap_line, "STARTTLS"),
    MailProtocol.POP3: Step("STLS", pop_line, "STLS"),
}
GOODBYES = {MailProtocol.SMTP: "QUIT", MailProtocol.IMAP: f"{TAG} LOGOUT", MailProtocol.POP3: "QUIT"}


def opening(service: MailService, helo: str) -> Opening:
    """Lead to the point where the server waits for a ClientHello."""
    if service.tls_at_once:
        return ""
    greeting = yield GREETINGS[service.protocol]
    if not greeting.positive:
        return _quoted(greeting)
    if service.protocol is MailProtocol.SMTP:
        ehlo = yield Step(f"EHLO {helo}", smtp_line, "EHLO")
        if not ehlo.positive:
            return _quoted(ehlo)
    started = yield _STARTS[service.protocol]
    agreed = started.code == 220 if isinstance(started, Reply) else started.positive
    return "" if agreed else _quoted(started)


def _quoted(reply: AnyReply) -> str:
    return str(reply)[:_MOST_QUOTED]
