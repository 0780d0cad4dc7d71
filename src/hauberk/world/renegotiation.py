"""Whether a client may begin a second handshake within a session: one session with TLS 1.2 at most, one wish, whatever comes of it."""

from hauberk.model.dns import NoAnswer
from hauberk.model.transport import SmtpSession, Trial
from hauberk.protocols.mailbox import service_on
from hauberk.protocols.opening import GOODBYES, GREETINGS, opening
from hauberk.world.dial import Dialer
from hauberk.world.dialogue import Dialogue, SmtpPatience


async def try_renegotiation(dialer: Dialer, trial: Trial, helo: str, patience: SmtpPatience) -> SmtpSession | NoAnswer:
    """The session, with the server's answer in its handshake; `NoAnswer` when no connection came about."""
    endpoint = trial.endpoint
    service = service_on(endpoint.port)
    greeting, goodbye = GREETINGS[service.protocol], GOODBYES[service.protocol]

    async def talk() -> None:
        steps = opening(service, helo)
        try:
            step = next(steps)
            while True:
                patient = dialogue.command(step.command, step.grammar, step.name) if step.command else dialogue.greeting(step.grammar)
                step = steps.send(await patient)
        except StopIteration as stop:
            refused = bool(stop.value)
        if not refused:
            await dialogue.start_tls(endpoint.host, short_hello=True)
            if service.tls_at_once:
                await dialogue.greeting(greeting.grammar)  # or it would come into the second handshake
            await dialogue.renegotiate()
        await dialogue.say_goodbye(goodbye, greeting.grammar)

    async with dialer.dial(endpoint.address, endpoint.port) as stream:
        if isinstance(stream, NoAnswer):
            return stream
        dialogue = Dialogue(stream, patience, service.protocol)
        return await dialogue.hold(talk())
