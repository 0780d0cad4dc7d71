"""What a test for open relaying asks, and what a dialogue of it says (RFC 2505, 2.1; RFC 5321, 3.6.1).

A recipient is named and never anything sent: DATA is not among the commands. The recipients are at `example.org`, which is reserved
(RFC 2606) and takes no mail at all. Ahead of the patterns come two recipients to measure the replies by: postmaster, whom every server
must take (RFC 5321, 4.5.1), and a mailbox that cannot exist. Recipients of one sender share a transaction, since Exim hangs up at the
eleventh RSET; patterns that it counts as errors of syntax come last, for at the fourth it hangs up too.
"""

import re
from collections.abc import Generator
from dataclasses import dataclass
from functools import cached_property

from hauberk.model.dns import NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Endpoint, SmtpSession, Trial, TrialMatter
from hauberk.protocols import mx
from hauberk.protocols.smtp import Reply
from hauberk.protocols.trial import exchanged, lets_us_speak
from hauberk.protocols.walk import Walk, try_each

FAR = "example.org"
_NOBODY = "hauberk-nobody-7f3a9c51"
_HOST_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_ADDRESS = re.compile(r"<[^>]*>")
# About the recipient's domain (RFC 3463, 3.2; RFC 7505, 4.2), which says nothing of relaying.
_NO_SUCH_DOMAIN = ("4.1.2", "5.1.2", "5.1.10", "4.4.4", "5.4.4")


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to ask. `{own}` is the domain, `{mx}` and `{ip}` the host and its address literal, `{stranger}` a sender of elsewhere.

    `local` says that a server may take the recipient for a mailbox of the domain's own, whose name just happens to look like that.
    """

    name: str
    recipient: str = f"relay-test@{FAR}"
    sender: str = "{stranger}"
    local: bool = False


CONTROLS = (Pattern("postmaster", "postmaster@{own}"), Pattern("nobody", f"{_NOBODY}@{{own}}"))
PATTERNS = (
    Pattern("from a stranger"),
    Pattern("source route", f"@{{own}}:relay-test@{FAR}"),
    Pattern("percent sign", f"relay-test%{FAR}@{{own}}", local=True),
    Pattern("bang path", f"{FAR}!relay-test@{{own}}", local=True),
    Pattern("quoted address", f'"relay-test@{FAR}"@{{own}}', local=True),
    Pattern("from nobody", sender=""),
    Pattern("from the domain itself", sender="relay-test@{own}"),
    Pattern("from the mail server", sender="relay-test@{mx}"),
    Pattern("from localhost", sender="relay-test@localhost"),
    Pattern("two at signs", f"relay-test@{FAR}@{{own}}", local=True),
    Pattern("source route with an address", f"@{{ip}}:relay-test@{FAR}"),
    Pattern("trailing dot", f"relay-test@{FAR}."),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A pattern as it is put to one server; both are whole commands."""

    pattern: Pattern
    mail: str
    rcpt: str


@dataclass(frozen=True, slots=True)
class Answered:
    """`reply` is the one to RCPT, or to MAIL where that was refused already."""

    asked: Asked
    reply: Reply

    @property
    def accepted(self) -> bool:
        return self.reply.positive

    @property
    def for_the_domains_sake(self) -> bool:
        """Not accepted since the recipient's domain takes no mail, whoever may relay."""
        return self.reply.enhanced in _NO_SUCH_DOMAIN

    @property
    def put_off(self) -> bool:
        """Refused for now. Where the code says that it is the address (RFC 3463, 3.2), another time would not help."""
        return self.reply.transient and not self.reply.enhanced.startswith("4.1.")


@dataclass(frozen=True)
class RelayFacts:
    """What was answered. `postmaster` and `nobody` are the replies to the controls, None where none came; `sent_away` is a 421."""

    postmaster: Reply | None = None
    nobody: Reply | None = None
    answered: tuple[Answered, ...] = ()
    sent_away: Reply | None = None

    @cached_property
    def accepted(self) -> tuple[Answered, ...]:
        return tuple(one for one in self.answered if one.accepted)

    @property
    def complete(self) -> bool:
        return len(self.answered) == len(PATTERNS)

    @property
    def refused_us(self) -> bool:
        """Postmaster was not taken either, in the same words as a stranger's recipient: perhaps whatever we asked would be refused."""
        control = self.postmaster
        if control is None or control.positive or not self.answered:
            return False
        return _without_addresses(control) == _without_addresses(self.answered[0].reply)


def questions(trial: Trial, helo: str) -> tuple[Asked, ...]:
    """The controls and the patterns for one server, in their order."""
    endpoint = trial.endpoint
    words = {
        "own": trial.domain,
        "mx": endpoint.host,
        "ip": f"[IPv6:{endpoint.address}]" if ":" in endpoint.address else f"[{endpoint.address}]",
        "stranger": f"relay-test@{helo if _HOST_NAME.fullmatch(helo) else 'example.net'}",
    }
    return tuple(
        Asked(one, f"MAIL FROM:<{one.sender.format_map(words)}>", f"RCPT TO:<{one.recipient.format_map(words)}>")
        for one in (*CONTROLS, *PATTERNS)
    )


def conversation(trial: Trial, helo: str) -> Generator[str, Reply]:
    """The commands after EHLO; each wants its reply sent. It ends when all is asked, or when the server has enough of us: one that puts
    even postmaster off is left alone at once.
    """
    begun = refused = ""
    for asked in questions(trial, helo):
        if asked.mail == refused:
            continue
        if begun and asked.mail != begun and (yield "RSET").code == 421:
            return
        reply = (yield asked.rcpt) if asked.mail == begun else (yield asked.mail)
        if asked.mail != begun:
            begun, refused = (asked.mail, "") if reply.positive else ("", asked.mail)
            reply = (yield asked.rcpt) if begun else reply
        if reply.code == 421 or (reply.transient and asked.pattern is CONTROLS[0]):
            return


def relaying(domain: str, options: ScanOptions) -> Walk[tuple[tuple[Endpoint, SmtpSession | NoAnswer], ...]]:
    """One test at each endpoint that held a session with us, and only where the operator has asked for it (`--relay-test`)."""
    if not (options.relay and options.smtp):
        return ()
    found = yield from mx.transport(domain, options)
    endpoints = tuple(endpoint for endpoint, session in found.sessions if isinstance(session, SmtpSession) and lets_us_speak(session))
    sessions = yield from try_each(tuple(Trial(endpoint, TrialMatter.RELAYING, domain) for endpoint in endpoints))
    return tuple(zip(endpoints, sessions, strict=True))


def read_relaying(trial: Trial, session: SmtpSession) -> RelayFacts:
    """What the dialogue says, whatever it holds. A 421 is about us and answers nothing."""
    heard = [(command, reply) for command, _, reply in exchanged(session)]
    helo = next((command.partition(" ")[2] for command, _ in heard if command.startswith("EHLO ")), "")
    replies = _replies([(command, reply) for command, reply in heard if reply and reply.code != 421])
    asked = ((one, replies.get((one.mail, one.rcpt)) or replies.get((one.mail, ""))) for one in questions(trial, helo))
    found = [Answered(one, reply) for one, reply in asked if reply]
    postmaster, nobody = (next((one.reply for one in found if one.asked.pattern is control), None) for control in CONTROLS)
    sent_away = next((reply for _, reply in heard if reply and reply.code == 421), None)
    return RelayFacts(postmaster, nobody, tuple(one for one in found if one.asked.pattern not in CONTROLS), sent_away)


def _replies(heard: list[tuple[str, Reply]]) -> dict[tuple[str, str], Reply]:
    """By MAIL and RCPT; where MAIL was refused, by that alone."""
    replies: dict[tuple[str, str], Reply] = {}
    mail = ""
    for command, reply in heard:
        if command.startswith("MAIL "):
            mail = command
            if not reply.positive:
                replies[mail, ""] = reply
        elif command.startswith("RCPT "):
            replies[mail, command] = reply
    return replies


def _without_addresses(reply: Reply) -> str:
    return _ADDRESS.sub("<>", str(reply)).lower()
