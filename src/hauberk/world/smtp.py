"""One session with one endpoint: greeting, EHLO, STARTTLS, one handshake, EHLO, QUIT (IMAP and POP3 ports: their likes).

No message is ever offered, nobody logs in. A server that refuses us (421, 45z, 554) is told QUIT and left alone.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from hauberk.model.dns import NoAnswer
from hauberk.model.transport import Ending, Endpoint, SmtpSession
from hauberk.protocols.mailbox import (
    TAG,
    MailboxReply,
    MailProtocol,
    imap_farewell,
    imap_greeting,
    imap_line,
    pop_line,
    pop_listing,
    service_on,
)
from hauberk.protocols.smtp import Ehlo, Reply, parse_ehlo, smtp_line
from hauberk.world.dial import Dialer
from hauberk.world.dialogue import Dialogue, SmtpPatience


async def converse(dialer: Dialer, endpoint: Endpoint, helo: str, patience: SmtpPatience) -> SmtpSession | NoAnswer:
    """Hold one session; `NoAnswer` when no connection came about.

    A server that answers our hello with nothing of its own may be one that a long hello or TLS 1.3 confuses, as other senders do not:
    it is visited once more with a short one. When that helps, the second session is the answer and `detail` tells of the first.
    """
    session = await _hold(dialer, endpoint, helo, patience, short_hello=False)
    if not isinstance(session, SmtpSession) or not _may_be_confused(session):
        return session
    second = await _hold(dialer, endpoint, helo, patience, short_hello=True)
    if isinstance(second, SmtpSession) and second.tls is not None and second.tls.completed:
        first = (
            f"a first handshake that offered TLS 1.3 failed ({session.tls.error if session.tls else ''}); this one offered TLS 1.2 at most"
        )
        return replace(second, detail="; ".join(part for part in (second.detail, first) if part))
    return session


def _may_be_confused(session: SmtpSession) -> bool:
    return session.tls is not None and not session.tls.completed and not session.tls.version and session.ending is not Ending.GARBLED


async def _hold(dialer: Dialer, endpoint: Endpoint, helo: str, patience: SmtpPatience, *, short_hello: bool) -> SmtpSession | NoAnswer:
    async with dialer.dial(endpoint.address, endpoint.port) as stream:
        if isinstance(stream, NoAnswer):
            return stream
        service = service_on(endpoint.port)
        dialogue = Dialogue(stream, patience, service.protocol)

        async def secure() -> None:
            await dialogue.start_tls(endpoint.host, short_hello=short_hello)

        async def talk() -> None:
            if service.tls_at_once:
                await secure()
            match service.protocol:
                case MailProtocol.SMTP:
                    await _talk_smtp(dialogue, helo, None if service.tls_at_once else secure)
                case MailProtocol.IMAP:
                    await _talk_imap(dialogue, None if service.tls_at_once else secure)
                case MailProtocol.POP3:
                    await _talk_pop(dialogue, None if service.tls_at_once else secure)

        return await dialogue.hold(talk())


async def _talk_smtp(dialogue: Dialogue, helo: str, secure: Callable[[], Awaitable[None]] | None) -> None:
    """`secure` shakes hands; it is None where TLS is there already."""
    greeting = await dialogue.greeting(smtp_line)
    if greeting.positive:
        await _introduce(dialogue, helo, secure)
    await dialogue.say_goodbye("QUIT", smtp_line)


async def _introduce(dialogue: Dialogue, helo: str, secure: Callable[[], Awaitable[None]] | None) -> None:
    reply = await dialogue.command(f"EHLO {helo}", smtp_line)
    if reply.code != 421 and not reply.positive and not reply.transient:
        await dialogue.command(f"HELO {helo}", smtp_line)
        return
    if secure is None or not _offers_tls(reply):
        return
    if (await dialogue.command("STARTTLS", smtp_line)).code == 220:
        await secure()
        await dialogue.command(f"EHLO {helo}", smtp_line)


def _offers_tls(reply: Reply) -> bool:
    ehlo = parse_ehlo(reply)
    return isinstance(ehlo, Ehlo) and ehlo.offers("STARTTLS")


async def _talk_imap(dialogue: Dialogue, secure: Callable[[], Awaitable[None]] | None) -> None:
    """STARTTLS is tried even where it is not listed: a server that does not know it says so."""

    async def say(command: str) -> MailboxReply:
        return await dialogue.command(f"{TAG} {command}", imap_line, command)

    greeting = await dialogue.greeting(imap_greeting)
    if greeting.positive:
        await say("CAPABILITY")
        if secure and (await say("STARTTLS")).positive:
            await secure()
            await say("CAPABILITY")
    await dialogue.say_goodbye(f"{TAG} LOGOUT", imap_farewell)


async def _talk_pop(dialogue: Dialogue, secure: Callable[[], Awaitable[None]] | None) -> None:
    """As with IMAP; CAPA may be unknown (RFC 2449 is younger than POP3)."""
    greeting = await dialogue.greeting(pop_line)
    if greeting.positive:
        await dialogue.command("CAPA", pop_listing)
        if secure and (await dialogue.command("STLS", pop_line)).positive:
            await secure()
            await dialogue.command("CAPA", pop_listing)
    await dialogue.say_goodbye("QUIT", pop_line)
