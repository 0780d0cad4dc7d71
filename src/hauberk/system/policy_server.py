"""A web server for one file: the MTA-STS policy (RFC 8461, 3.3), from the MTA, over HTTPS only.

`python -m hauberk.system.policy_server --policy FILE --certificate PEM --key PEM --listen ADDRESS [--user NAME]`. It knows one path; it
reads nothing that a client names. SIGHUP reads policy and certificate again; what then cannot be read leaves the old ones in force.
"""

import argparse
import asyncio
import signal
import ssl
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hauberk.system.unprivileged import become

PATH = b"/.well-known/mta-sts.txt"
_LONGEST_REQUEST = 8192  # octets of request line and header fields together
_SECONDS = 10.0  # for the handshake, and again for the request
_MOST_CONNECTIONS = 200


@dataclass(frozen=True, slots=True)
class Settings:
    policy: Path
    certificate: Path
    key: Path
    listen: tuple[str, ...]
    port: int = 443
    user: str = ""


def answer(request: bytes, policy: bytes) -> bytes:
    """The whole response to the octets up to the first empty line. HTTP/1.0 and 1.1; the connection ends with it."""
    words = request.split(b"\r\n", 1)[0].split(b" ")
    if len(words) != 3 or words[2] not in (b"HTTP/1.1", b"HTTP/1.0"):
        return _response(b"400 Bad Request", b"not an HTTP request\n")
    if words[0] not in (b"GET", b"HEAD"):
        return _response(b"405 Method Not Allowed", b"only GET and HEAD\n", b"Allow: GET, HEAD\r\n")
    if words[1] != PATH:
        return _response(b"404 Not Found", b"nothing here\n", head_only=words[0] == b"HEAD")
    return _response(b"200 OK", policy, head_only=words[0] == b"HEAD")


def _response(status: bytes, body: bytes, fields: bytes = b"", *, head_only: bool = False) -> bytes:
    head = (
        b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Length: " + str(len(body)).encode() + b"\r\n"
        b"Cache-Control: max-age=300\r\nX-Content-Type-Options: nosniff\r\nStrict-Transport-Security: max-age=31536000\r\n"
        b"Connection: close\r\n" + fields + b"\r\n"
    )
    return head if head_only else head + body


class PolicyServer:
    """An async context manager; `ports` are known once it is entered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._policy = b""
        self._open = 0
        self._server: asyncio.Server | None = None
        self.load()

    def load(self) -> None:
        """Read policy, certificate and key. Raises `OSError` (`ssl.SSLError` is one) and `ValueError`, and then changes nothing."""
        policy = self._settings.policy.read_bytes()
        if not policy.startswith(b"version: STSv1"):
            raise ValueError(f"{self._settings.policy} is no MTA-STS policy: it begins with `version: STSv1`")
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self._settings.certificate, self._settings.key)
        self._context.load_cert_chain(self._settings.certificate, self._settings.key)
        self._policy = policy

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(one.getsockname()[1] for one in self._server.sockets) if self._server else ()

    async def __aenter__(self) -> "PolicyServer":
        self._server = await asyncio.start_server(
            self._serve,
            self._settings.listen,
            self._settings.port,
            ssl=self._context,
            ssl_handshake_timeout=_SECONDS,
            ssl_shutdown_timeout=1,
            limit=_LONGEST_REQUEST,
            reuse_address=True,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            async with asyncio.timeout(_SECONDS):
                if self._open > _MOST_CONNECTIONS:
                    writer.write(_response(b"503 Service Unavailable", b"too many connections\n"))
                else:
                    writer.write(answer(await reader.readuntil(b"\r\n\r\n"), self._policy))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except asyncio.LimitOverrunError:
            writer.write(_response(b"431 Request Header Fields Too Large", b"the request is too long\n"))
            writer.close()
        except (TimeoutError, asyncio.IncompleteReadError, OSError):
            writer.transport.abort()
        finally:
            self._open -= 1


def parse(arguments: Sequence[str] | None = None) -> Settings:
    parser = argparse.ArgumentParser(prog="hauberk.system.policy_server", description="Serve an MTA-STS policy over HTTPS.")
    parser.add_argument("--policy", type=Path, required=True)
    parser.add_argument("--certificate", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--listen", action="append", required=True, metavar="ADDRESS")
    parser.add_argument("--port", type=int, default=443)
    parser.add_argument("--user", default="", help="become this user once the port is open")
    given = parser.parse_args(arguments)
    return Settings(given.policy, given.certificate, given.key, tuple(given.listen), given.port, given.user)


async def serve(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    server = PolicyServer(settings)

    def again() -> None:
        try:
            server.load()
        except (OSError, ValueError) as error:
            sys.stderr.write(f"policy server: the old files stay in force: {error}\n")

    async with server:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        loop.add_signal_handler(signal.SIGHUP, again)
        become(settings.user)  # a renewed key must be readable for this user
        await stopped.wait()


def main() -> int:
    try:
        asyncio.run(serve(parse()))
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"policy server: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
