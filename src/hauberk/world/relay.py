"""The test for open relaying, in one SMTP session of MAIL, RCPT and RSET. DATA is never said: nothing is delivered."""

from dataclasses import replace

from hauberk.model.dns import NoAnswer
from hauberk.model.transport import SmtpSession, Trial
from hauberk.protocols.relay import conversation
from hauberk.protocols.smtp import smtp_line
from hauberk.world.dial import Dialer
from hauberk.world.dialogue import Dialogue, SmtpPatience


async def try_relaying(dialer: Dialer, trial: Trial, helo: str, patience: SmtpPatience) -> SmtpSession | NoAnswer:
    """Hold the session; `NoAnswer` when no connection came about. It may last longer: Exchange takes five seconds over each refusal."""
    async with dialer.dial(trial.endpoint.address, trial.endpoint.port) as stream:
        if isinstance(stream, NoAnswer):
            return stream
        dialogue = Dialogue(stream, replace(patience, session=3 * patience.session))

        async def talk() -> None:
            if (await dialogue.greeting(smtp_line)).positive and await _introduced(dialogue, helo):
                await _ask_all(dialogue, trial, helo)
            await dialogue.say_goodbye("QUIT", smtp_line)

        return await dialogue.hold(talk())


async def _introduced(dialogue: Dialogue, helo: str) -> bool:
    """By HELO where EHLO is not known: the oldest servers are those most likely to relay."""
    reply = await dialogue.command(f"EHLO {helo}", smtp_line)
    if not reply.positive and not reply.transient:
        reply = await dialogue.command(f"HELO {helo}", smtp_line)
    return reply.positive


async def _ask_all(dialogue: Dialogue, trial: Trial, helo: str) -> None:
    commands = conversation(trial, helo)
    command = next(commands)
    try:
        while True:
            command = commands.send(await dialogue.command(command, smtp_line))
    except StopIteration:
        return
