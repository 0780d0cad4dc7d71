"""The way to a ClientHello on a mail port: greeting, EHLO, STARTTLS (SMTP), or `a STARTTLS` (IMAP), or STLS (POP3), or nothing at all.

A scan holds one recorded session with an endpoint first (`world.smtp`); the hellos come after it and skip what is known from there.
"""

from hauberk.protocols.mailbox import TAG, MailboxReply, MailProtocol, MailService, imap_farewell, imap_greeting, imap_line, pop_line
from hauberk.protocols.smtp import Reply, smtp_line
from hauberk.world.dialogue import Dialogue

_MOST_QUOTED = 500


async def open_tls(dialogue: Dialogue, service: MailService, helo: str) -> str:
    """Lead a connection to the point where the server waits for a ClientHello; the server's words if it refuses, empty else.

    Raises `OverError` when the way ends without an answer.
    """
    if service.tls_at_once:
        return ""
    match service.protocol:
        case MailProtocol.SMTP:
            refusal = await _open_smtp(dialogue, helo)
        case MailProtocol.IMAP:
            refusal = _no(await dialogue.greeting(imap_greeting)) or _no(await dialogue.command(f"{TAG} STARTTLS", imap_line, "STARTTLS"))
        case MailProtocol.POP3:
            refusal = _no(await dialogue.greeting(pop_line)) or _no(await dialogue.command("STLS", pop_line))
    if refusal:
        await _leave(dialogue, service)
    return refusal[:_MOST_QUOTED]


async def _open_smtp(dialogue: Dialogue, helo: str) -> str:
    refusal = _no(await dialogue.greeting(smtp_line)) or _no(await dialogue.command(f"EHLO {helo}", smtp_line))
    if refusal:
        return refusal
    reply = await dialogue.command("STARTTLS", smtp_line)
    return "" if reply.code == 220 else str(reply)


def _no(reply: Reply | MailboxReply) -> str:
    """The reply if it says no, in its own words."""
    return "" if reply.positive else str(reply)


async def _leave(dialogue: Dialogue, service: MailService) -> None:
    match service.protocol:
        case MailProtocol.SMTP:
            await dialogue.say_goodbye("QUIT", smtp_line)
        case MailProtocol.IMAP:
            await dialogue.say_goodbye(f"{TAG} LOGOUT", imap_farewell)
        case MailProtocol.POP3:
            await dialogue.say_goodbye("QUIT", pop_line)
