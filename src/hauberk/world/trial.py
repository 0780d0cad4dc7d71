"""The tests that only a host's owner may make, in one SMTP session: VRFY and EXPN, and a command sent in clear together with STARTTLS.

No message is offered and nobody logs in. What is said is written down like any session; what it means is judged from the tape.
"""

from hauberk.model.dns import NoAnswer
from hauberk.model.transport import SmtpSession, Trial
from hauberk.protocols.smtp import Ehlo, parse_ehlo, smtp_line
from hauberk.protocols.trial import COMMANDS, FOLLOWING
from hauberk.world.dial import Dialer
from hauberk.world.dialogue import Dialogue, SmtpPatience


async def try_out(dialer: Dialer, trial: Trial, helo: str, patience: SmtpPatience) -> SmtpSession | NoAnswer:
    """Hold the session; `NoAnswer` when no connection came about."""
    endpoint = trial.endpoint
    async with dialer.dial(endpoint.address, endpoint.port) as stream:
        if isinstance(stream, NoAnswer):
            return stream
        dialogue = Dialogue(stream, patience)

        async def talk() -> None:
            if (await dialogue.greeting(smtp_line)).positive:
                await _try_commands(dialogue, endpoint.host, helo)
            await dialogue.say_goodbye("QUIT", smtp_line)

        return await dialogue.hold(talk())


async def _try_commands(dialogue: Dialogue, host: str, helo: str) -> None:
    ehlo = parse_ehlo(await dialogue.command(f"EHLO {helo}", smtp_line))
    if not isinstance(ehlo, Ehlo):
        return
    for command in COMMANDS:
        await dialogue.command(command, smtp_line)
    if ehlo.offers("STARTTLS") and (await dialogue.command_with("STARTTLS", FOLLOWING, smtp_line)).code == 220:
        await dialogue.start_tls(host)
        await dialogue.command(f"EHLO {helo}", smtp_line)
