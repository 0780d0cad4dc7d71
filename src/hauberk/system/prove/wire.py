"""A connection whose every octet is under control and written down: what probing needs and a mail library forbids."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.smtp import Reply, smtp_line
from hauberk.system.prove.probe import Line, Speaker, Transcript

PATIENCE = 20.0  # seconds for a reply; a virus scan of a nested archive is in it
_CONNECT = 5.0
_LONGEST_SHOWN = 2000  # characters of one line of the transcript
_MOST_LINES = 400
_LIMIT = 1 << 20  # octets of one line


class UnansweredError(Exception):
    """No answer, or none that can be read; the message says why. It decides nothing."""


class Recorder:
    """Writes a transcript; `clock` gives UTC, times inside are by the event loop's clock."""

    def __init__(self, probe: str, clock: Callable[[], datetime]) -> None:
        self._probe = probe
        self._began = clock()
        self._start = asyncio.get_running_loop().time()
        self._lines: list[Line] = []

    def note(self, text: str) -> None:
        self._write(Speaker.NOTE, text)

    def sent(self, data: bytes) -> None:
        for line in data.splitlines(keepends=True)[:_MOST_LINES]:
            self._write(Speaker.CLIENT, shown(line))

    def heard(self, line: bytes) -> None:
        self._write(Speaker.SERVER, shown(line))

    def transcript(self) -> Transcript:
        return Transcript(self._probe, self._began, tuple(self._lines))

    def _write(self, speaker: Speaker, text: str) -> None:
        if len(self._lines) >= _MOST_LINES:
            return
        at = round((asyncio.get_running_loop().time() - self._start) * 1000)
        clipped = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}… ({len(text)} characters)"
        self._lines.append(Line(at, speaker, clipped))


def shown(data: bytes) -> str:
    """Octets as text: a plain end of line is left out, every other control or high octet is written out."""
    text = data.removesuffix(b"\r\n").decode("latin-1")
    return "".join(c if " " <= c <= "~" else {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\0": "\\0"}.get(c, f"\\x{ord(c):02x}") for c in text)


class Wire:
    """One TCP connection, in clear and then perhaps through TLS."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: Recorder) -> None:
        self._reader = reader
        self._writer = writer
        self.record = record

    async def send(self, data: bytes, *, secret: str = "") -> None:
        """Exactly these octets. Where `secret` is given, the transcript shows it in their place."""
        if secret:
            self.record.note(secret)
        else:
            self.record.sent(data)
        try:
            self._writer.write(data)
            await asyncio.wait_for(self._writer.drain(), PATIENCE)
        except (OSError, TimeoutError) as error:
            raise UnansweredError(f"the connection broke while sending: {error or type(error).__name__}") from None

    async def line(self, seconds: float = PATIENCE) -> bytes:
        """One line with its end. Raises `UnansweredError` at the end of the connection."""
        try:
            line = await asyncio.wait_for(self._reader.readuntil(b"\n"), seconds)
        except TimeoutError:
            raise UnansweredError(f"no answer within {seconds:g} s") from None
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                self.record.heard(error.partial)
            self.record.note("the server closed the connection")
            raise UnansweredError("the server closed the connection") from None
        except OSError as error:
            self.record.note(f"the connection broke: {error}")
            raise UnansweredError(f"the connection broke: {error}") from None
        self.record.heard(line)
        return line

    async def octets(self, count: int) -> bytes:
        """So many octets, as in an IMAP literal; the transcript has their number only."""
        try:
            data = await asyncio.wait_for(self._reader.readexactly(count), PATIENCE)
        except (TimeoutError, asyncio.IncompleteReadError, OSError):
            raise UnansweredError(f"{count} octets were announced and did not come") from None
        self.record.note(f"{count} octets came")
        return data

    async def reply(self, seconds: float = PATIENCE) -> Reply:
        """One SMTP reply. Raises `UnansweredError`."""
        texts: list[str] = []
        while len(texts) < 200:
            read = smtp_line(texts, (await self.line(seconds)).rstrip(b"\r\n").decode("utf-8", "replace"))
            if isinstance(read, Malformed):
                raise UnansweredError(f"not an SMTP reply: {read.marked()}")
            if read is not None:
                return read
        raise UnansweredError("a reply of more than 200 lines")

    async def quiet(self, seconds: float) -> bool:
        """Whether nothing at all comes for so long; the end of the connection is quiet too."""
        try:
            await self.line(seconds)
        except UnansweredError:
            return True
        return False

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Shake hands. Raises `UnansweredError`."""
        try:
            await asyncio.wait_for(self._writer.start_tls(context, server_hostname=host), PATIENCE)
        except (OSError, TimeoutError) as error:  # an SSLError is an OSError
            self.record.note(f"the TLS handshake failed: {error or type(error).__name__}")
            raise UnansweredError(f"the TLS handshake failed: {error or type(error).__name__}") from None
        self._say_tls()

    def _say_tls(self) -> None:
        tls = self._writer.get_extra_info("ssl_object")
        if isinstance(tls, ssl.SSLObject):
            cipher = tls.cipher()
            self.record.note(f"TLS is up: {tls.version()} {cipher[0] if cipher else ''}")

    async def close(self) -> None:
        self._writer.close()
        try:
            await asyncio.wait_for(self._writer.wait_closed(), 1)
        except (OSError, TimeoutError):
            return


@asynccontextmanager
async def connected(
    address: str, port: int, record: Recorder, *, tls: ssl.SSLContext | None = None, host: str = "", sources: tuple[str, ...] = ()
) -> AsyncGenerator[Wire]:
    """A connection to `address`; with `tls` it is through TLS from the first octet. Raises `UnansweredError`.

    `sources` are the addresses of this machine to come from: the one of the family is taken.
    """
    record.note(f"connecting to [{address}]:{port}{' through TLS' if tls else ''}")
    source = next(((one, 0) for one in sources if (":" in one) == (":" in address)), None)
    name = (host or address) if tls else None
    try:
        opened = asyncio.open_connection(address, port, limit=_LIMIT, ssl=tls, server_hostname=name, local_addr=source)
        reader, writer = await asyncio.wait_for(opened, PATIENCE if tls else _CONNECT)
    except TimeoutError:
        record.note("no answer")
        raise UnansweredError(f"[{address}]:{port} does not answer") from None
    except OSError as error:
        record.note(f"no connection: {error}")
        raise UnansweredError(f"no connection to [{address}]:{port}: {error}") from None
    wire = Wire(reader, writer, record)
    if tls:
        wire._say_tls()  # pyright: ignore[reportPrivateUsage] - its own module
    try:
        yield wire
    finally:
        await wire.close()
