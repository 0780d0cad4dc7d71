"""What is told in words: alerts as mail and as a webhook's body, invitations as mail."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import msgspec

from hauberk.app.work.events import SAYS, Event
from hauberk.protocols.malformed import visible

_LONGEST_SUBJECT = 150
_POLICY = SMTP.clone(cte_type="7bit")  # so that a relay without 8BITMIME (RFC 6152) takes it too


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to tell. `id` is the same however often it is sent, so that whoever gets it twice can see that."""

    id: str
    event: str
    text: str
    at: datetime
    domain: str = ""
    domain_id: int | None = None


@dataclass(frozen=True, slots=True)
class From:
    """Who tells: the organisation, the address of the pages (may be empty), the sender of mail."""

    slug: str
    organisation: str
    url: str
    sender: str


@dataclass(frozen=True, slots=True)
class _Organisation:
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class _Body:
    id: str
    event: str
    organisation: _Organisation
    domain: str
    message: str
    raised_at: datetime
    url: str


def webhook_body(message: Message, source: From) -> bytes:
    """JSON in UTF-8; docs/user-guide.md describes it, and its names stay stable."""
    organisation = _Organisation(source.slug, source.organisation)
    return msgspec.json.encode(
        _Body(message.id, message.event, organisation, message.domain, message.text, message.at, _link(source, message))
    )


def mail(messages: tuple[Message, ...], source: From, to: str, at: datetime) -> EmailMessage:
    """One mail for all of them. `messages` must not be empty; texts of the network's own are shown with what does not print escaped."""
    return _letter(f"{messages[0].id}.{len(messages)}", _subject(messages), _lines(messages, source), source, to, at)


def invitation(link: str, role: str, by: str, ends_at: datetime, source: From, to: str, at: datetime) -> EmailMessage:
    """`link` is all that somebody needs to join; who invites, and into what, are texts of people's own."""
    lines = [
        visible(f"{by} invites you to join {source.organisation}, as {role}."),
        "",
        f"Open this link until {ends_at:%Y-%m-%d %H:%M} UTC. It holds once:",
        "",
        link,
        "",
        "Hauberk watches over the security of mail servers. Whoever does not know the organisation can forget this message.",
    ]
    id = hashlib.sha256(link.encode()).hexdigest()[:32]
    return _letter(id, f"Invitation to {source.organisation}", lines, source, to, at)


def _letter(id: str, subject: str, lines: list[str], source: From, to: str, at: datetime) -> EmailMessage:
    letter = EmailMessage(policy=_POLICY)
    letter["From"] = Address("Hauberk", addr_spec=source.sender)
    letter["To"] = Address(addr_spec=to)
    letter["Subject"] = visible(subject)[:_LONGEST_SUBJECT]
    letter["Date"] = at
    letter["Message-ID"] = f"<{id}@{source.sender.rpartition('@')[2] or 'localhost'}>"
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834, 5: nobody's absence notice answers it
    letter.set_content("\n".join(lines) + "\n")
    return letter


def _subject(messages: tuple[Message, ...]) -> str:
    first, domains = messages[0], sorted({one.domain for one in messages if one.domain})
    if len(messages) == 1:
        return first.text.partition("\n")[0]
    where = domains[0] if len(domains) == 1 else f"{len(domains)} domains"
    return f"{where}: {len(messages)} messages, the first: {first.text.partition(chr(10))[0]}"


def _lines(messages: tuple[Message, ...], source: From) -> list[str]:
    lines: list[str] = []
    for message in messages:
        lines += [visible(line) for line in message.text.split("\n")]
        if message.domain:
            lines.append(f"  ({SAYS.get(Event(message.event), message.event)}; seen {message.at:%Y-%m-%d %H:%M} UTC)")
            lines += [f"  {link}"] if (link := _link(source, message)) else []
        lines.append("")
    return [*lines, "-- ", visible(f"Hauberk, watching the mail of {source.organisation}"), *([source.url] if source.url else [])]


def _link(source: From, message: Message) -> str:
    return f"{source.url}/domains/{message.domain_id}" if source.url and message.domain_id is not None else source.url
