"""A distance on loopback: a proxy that carries octets to a port and back, each way so many milliseconds late.

A connection to it is there at once, where one over a distance takes a round trip; so the octets of either side start only when they would
after a three-way handshake: the server sees the connection three ways later, the client hears from it four ways later.

    python -m benchmarks.delay_proxy PORT MILLISECONDS_EACH_WAY     (prints its own port, ends with its standard input)
"""

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import uvloop

_ROOT = Path(__file__).parents[1]


class _Side(asyncio.Protocol):
    """One of the two connections; what comes in goes out of the other, late."""

    def __init__(self, way: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._way = way
        self._transport: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        self._lost = False
        self.other: _Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        for data in self._waiting:
            self._out(data)
        self._waiting.clear()

    def data_received(self, data: bytes) -> None:
        if self.other is not None:
            self._loop.call_later(self._way, self.other.deliver, data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        if self.other is not None:
            self._loop.call_later(self._way, self.other.deliver, b"")

    def deliver(self, data: bytes) -> None:
        """Send on; nothing means that the other side has gone."""
        if self._transport is None:
            self._waiting.append(data)
        elif not self._lost:
            self._out(data)

    def _out(self, data: bytes) -> None:
        if self._transport is None:
            return
        if data:
            self._transport.write(data)
        else:
            self._transport.close()


class _Near(_Side):
    """The client's side; the server is called three ways after the client came."""

    def __init__(self, way: float, port: int) -> None:
        super().__init__(way)
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        far = self.other = _Side(self._way)
        far.other = self
        self._loop.call_later(3 * self._way, self._call, far)

    def _call(self, far: _Side) -> None:
        task = self._loop.create_task(self._loop.create_connection(lambda: far, "127.0.0.1", self._port))
        task.add_done_callback(lambda done: self.deliver(b"") if done.cancelled() or done.exception() else None)


async def _serve(port: int, way: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Near(way, port), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def delayed(port: int, milliseconds: float) -> Generator[int]:
    """The loopback port of a proxy, in a process of its own, that is so many milliseconds each way from `port`; 0: `port` itself."""
    if not milliseconds:
        yield port
        return
    command = (sys.executable, "-m", "benchmarks.delay_proxy", str(port), str(milliseconds))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT) as proxy:
        try:
            assert proxy.stdout is not None
            yield int(proxy.stdout.readline())
        finally:
            proxy.terminate()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))
