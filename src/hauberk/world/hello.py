"""One connection a hello: the opening, the octets of the hello, the server's first flight; the handshake is never finished.

A server that refuses us (421, 450, 451, 454, 554 ...) on the way has said nothing of its TLS: that is a refusal, and it is not asked again.
"""

import asyncio
import re

from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import Ending, Flight, Hello
from hauberk.protocols.lines import line_text
from hauberk.protocols.mailbox import service_on
from hauberk.protocols.tls.completeness import FlightState, FlightWatch
from hauberk.world.dial import Dialer, Stream
from hauberk.world.dialogue import Dialogue, OverError, SmtpPatience
from hauberk.world.opening import open_tls

MOST_FLIGHT = 65_536
_REFUSAL = re.compile(rb"(?:[45][0-9][0-9][ -]|\* BYE|-ERR)[^\r\n]{0,500}", re.IGNORECASE)

_SILENCES = {
    Ending.TIMEOUT: Silence.TIMEOUT,
    Ending.GARBLED: Silence.GARBLED,
    Ending.TOO_MUCH: Silence.GARBLED,
    Ending.CLOSED: Silence.UNREACHABLE,
    Ending.RESET: Silence.UNREACHABLE,
}


async def say_hello(dialer: Dialer, hello: Hello, helo: str, patience: SmtpPatience) -> Flight | NoAnswer:
    """The server's flight; `NoAnswer` when the hello could not be put because no connection, or no answer in the opening, came about."""
    async with dialer.dial(hello.endpoint.address, hello.endpoint.port) as stream:
        if isinstance(stream, NoAnswer):
            return stream
        service = service_on(hello.endpoint.port)
        dialogue = Dialogue(stream, patience, service.protocol)
        try:
            refusal = await open_tls(dialogue, service, helo)
        except OverError as over:
            return NoAnswer(_SILENCES[over.ending], over.detail)
        if refusal:
            return Flight(b"", Ending.QUIT, refusal)
        stream.send(hello.octets)
        return await _flight(stream, dialogue.until(patience.handshake))


async def _flight(stream: Stream, deadline: float) -> Flight:
    received = bytearray()
    ending = await _receive(stream, received, deadline)
    refusal = _REFUSAL.match(received)
    if refusal:
        return Flight(b"", ending, line_text(refusal[0]))
    return Flight(bytes(received), ending)


async def _receive(stream: Stream, received: bytearray, deadline: float) -> Ending:
    """Gather the flight, at most `MOST_FLIGHT` octets; how it ended."""
    watch = FlightWatch()
    try:
        async with asyncio.timeout_at(deadline):
            while data := await stream.receive():
                data = data[: MOST_FLIGHT - len(received)]
                received += data
                match watch.feed(data):
                    case FlightState.WHOLE:
                        return Ending.QUIT
                    case FlightState.BROKEN:
                        return Ending.GARBLED
                    case FlightState.OPEN if len(received) >= MOST_FLIGHT:
                        return Ending.TOO_MUCH
                    case FlightState.OPEN:
                        pass
    except TimeoutError:
        return Ending.TIMEOUT
    except OSError:
        return Ending.RESET
    return Ending.CLOSED
