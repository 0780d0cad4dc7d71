"""A hello put to servers that say anything at all, without sockets: there is always an answer, soon and bounded."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st

from hauberk.model.dns import NoAnswer
from hauberk.model.transport import Ending, Endpoint, Flight, Hello
from hauberk.protocols.tls.completeness import flight_complete
from hauberk.world.dial import Connection, Dialer
from hauberk.world.dialogue import SmtpPatience
from hauberk.world.guard import AddressGuard
from hauberk.world.hello import MOST_FLIGHT, say_hello
from hauberk.world.politeness import Manners, Politeness

C = TypeVar("C", bound=Connection)
PATIENCE = SmtpPatience(greeting=0.01, reply=0.01, handshake=0.01, farewell=0.01, session=0.02)
PORTS = (25, 587, 465, 993, 995, 143, 110)
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
PIECES = (
    b"220 mx ESMTP\r\n",
    b"220-mx\r\n220 ESMTP\r\n",
    b"250-mx\r\n250 STARTTLS\r\n",
    b"220 go ahead\r\n",
    b"220 a\r\n250 b\r\n220 c\r\n",
    b"454 4.7.0 no\r\n",
    b"* OK hi\r\n",
    b"a OK go\r\n",
    b"a NO\r\n",
    b"* BYE\r\n",
    b"+OK\r\n",
    b"-ERR\r\n",
    b"\n",
    b"2",
    ALERT,
    ALERT[:3],
    b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00",
    b"\x16\x03\x03\x40\x00\x0b\xff\xff\xff",
    bytes(20_000),
    b"220-x\r\n" * 300,
    b"\x16\x03\x03\x00\x00" * 4_000,
)


class Wire(asyncio.Transport):
    """Takes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


class Script(Dialer):
    """Every connection hears these pieces, one a turn of the loop, and is then closed, broken or left alone."""

    def __init__(self, pieces: list[bytes], last: str) -> None:
        super().__init__(AddressGuard(), Politeness(Manners(pause=0.0)))
        self.pieces = pieces
        self.last = last
        self.wire = Wire()

    @asynccontextmanager
    async def call(self, address: str, port: int, protocol: Callable[[], C]) -> AsyncGenerator[C | NoAnswer]:
        connection = protocol()
        connection.connection_made(self.wire)
        task = asyncio.create_task(self._play(connection))
        try:
            yield connection
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            connection.close()

    async def _play(self, connection: Connection) -> None:
        for piece in self.pieces:
            await asyncio.sleep(0)
            connection.data_received(piece)
        match self.last:
            case "close":
                connection.eof_received()
                connection.connection_lost(None)
            case "reset":
                connection.connection_lost(ConnectionResetError())
            case _:
                pass


@given(
    st.sampled_from(PORTS),
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=40)), max_size=8),
    st.sampled_from(("close", "reset", "stay")),
)
def test_there_is_always_an_answer(port: int, pieces: list[bytes], last: str) -> None:
    async def scenario() -> Flight | NoAnswer:
        hello = Hello(Endpoint("mx.example.com", "192.0.2.25", port), b"the hello")
        async with asyncio.timeout(1):
            return await say_hello(script, hello, "probe.example.net", PATIENCE)

    script = Script(pieces, last)
    answer = asyncio.run(scenario())
    assert script.wire.closed
    if isinstance(answer, NoAnswer):
        assert answer.detail and b"the hello" not in script.wire.written
        return
    assert len(answer.received) <= MOST_FLIGHT and b"".join(pieces).find(answer.received) >= 0
    if answer.refusal:
        assert answer.received == b""
    elif answer.ending is Ending.QUIT:
        assert flight_complete(answer.received) and b"the hello" in script.wire.written
    else:
        assert b"the hello" in script.wire.written


def test_a_second_reply_in_one_piece_answers_the_next_command() -> None:
    """As a server would that answers before it is asked; nothing is lost, nothing hangs."""
    script = Script([b"220 a\r\n250 b\r\n220 c\r\n", ALERT], "stay")
    hello = Hello(Endpoint("mx.example.com", "192.0.2.25"), b"the hello")
    assert asyncio.run(say_hello(script, hello, "probe.example.net", PATIENCE)) == Flight(ALERT, Ending.QUIT)
