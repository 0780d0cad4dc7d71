"""The gateway's socket: conversations with the mail server, each in a task of its own, and their end.

Whatever goes wrong while a message is decided about becomes 451; whatever goes wrong outside of one ends the connection, which Postfix
takes for 451 too (`milter_default_action = tempfail`).
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias

from hauberk.system.gateway import milter
from hauberk.system.gateway.config import Limits, Listen, Tcp, UnixSocket
from hauberk.system.gateway.conversation import Budget, Complete, Conversation
from hauberk.system.gateway.message import Decision, Defer, Hold, Message, Pass, Refuse

Decide: TypeAlias = Callable[[Message], Awaitable[Decision]]

_READ: Final = 262_144
_PROGRESS_SECONDS: Final = 10.0  # Postfix waits 300 s for the verdict (milter_content_timeout), anew after each sign of life
_FAILED: Final = Defer("the content gateway could not decide about the message, try again later", "error")
_log = logging.getLogger(__name__)


class Server:
    """Listens and holds conversations. `decide` may be changed while it runs: later messages are decided by the new one."""

    def __init__(self, limits: Limits, decide: Decide, progress_seconds: float = _PROGRESS_SECONDS) -> None:
        self._progress_seconds = progress_seconds
        self.decide = decide
        self.limits = limits
        self._budget = Budget(limits.held_octets)
        self._deciding: set[asyncio.Task[None]] = set()
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._socket_file: Path | None = None

    async def start(self, listen: Listen) -> Listen:
        """Begin to listen; where, is said (the port is asked of the kernel for port 0)."""
        match listen:
            case Tcp(address, port):
                self._server = await asyncio.start_server(self._converse, address, port)
                bound: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
                return Tcp(bound[0], bound[1])
            case UnixSocket(path, mode):
                self._socket_file = Path(path)
                _remove_stale(self._socket_file)
                self._server = await asyncio.start_unix_server(self._converse, path)
                self._socket_file.chmod(mode)
                return listen

    async def stop(self, seconds: float = 20.0) -> None:
        """Listen no longer; give the messages that are being decided about `seconds` to end."""
        if self._server is not None:
            self._server.close()
        if self._deciding:
            await asyncio.wait(self._deciding, timeout=seconds)
        for task in tuple(self._open):
            task.cancel()
        if self._open:
            await asyncio.wait(self._open)
        if self._socket_file is not None:
            self._socket_file.unlink(missing_ok=True)

    async def settled(self) -> None:
        """Wait until the messages that are being decided about now are done."""
        if self._deciding:
            await asyncio.wait(tuple(self._deciding))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= self.limits.connections:
            _log.warning("more than %d connections: one was closed", self.limits.connections)
            writer.close()
            return
        self._open.add(task)
        conversation = Conversation(self.limits, self._budget)
        try:
            async for command in _commands(reader, self.limits.idle_seconds):
                answer = conversation.take(command)
                if isinstance(answer, Complete):
                    await self._settle(conversation, answer, writer)
                elif answer:
                    writer.write(answer)
                await writer.drain()
                if conversation.over:
                    break
        except milter.Garbled as error:
            _log.warning("a connection was closed: %s", error)
        except (ConnectionError, TimeoutError) as error:
            _log.info("a connection ended: %s", error or type(error).__name__)
        except asyncio.CancelledError:
            pass  # the gateway stops; asyncio would log a cancelled handler as an error
        except Exception:
            _log.exception("a connection was closed")
        finally:
            conversation.drop()
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _settle(self, conversation: Conversation, complete: Complete, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._answer(conversation, complete, writer))
        self._deciding.add(task)
        try:
            await task
        finally:
            task.cancel()
            self._deciding.discard(task)

    async def _answer(self, conversation: Conversation, complete: Complete, writer: asyncio.StreamWriter) -> None:
        decision = complete.settled or await self._decided(complete.message, writer)
        try:
            packets = conversation.answer(decision)
        except ValueError:
            _log.exception("%s: a verdict that cannot be sent", complete.message.queue_id)
            decision = _FAILED
            packets = conversation.answer(decision)
        _report(complete.message, decision)
        writer.write(packets)
        await writer.drain()

    async def _decided(self, message: Message, writer: asyncio.StreamWriter) -> Decision:
        """The verdict; while it is awaited, the mail server hears now and then that it is still coming."""
        deciding = asyncio.ensure_future(self.decide(message))
        seconds = self.limits.inspection_seconds
        try:
            async with asyncio.timeout(seconds):
                while not (await asyncio.wait((deciding,), timeout=self._progress_seconds))[0]:
                    writer.write(milter.PROGRESS)
                    await writer.drain()
            return deciding.result()
        except TimeoutError:
            _log.warning("%s: no verdict within %g s", message.queue_id, seconds)
            return Defer("the content gateway found no time to look at the message, try again later", "time")
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            _log.exception("%s: no verdict", message.queue_id)
            return _FAILED
        finally:
            deciding.cancel()


async def _commands(reader: asyncio.StreamReader, idle_seconds: float) -> AsyncIterator[milter.Command]:
    framer = milter.Framer()
    while True:
        async with asyncio.timeout(idle_seconds):
            octets = await reader.read(_READ)
        if not octets:
            return
        for packet in framer.feed(octets):
            yield milter.read(packet)


def _remove_stale(path: Path) -> None:
    """A socket file that nobody listens at is what a killed gateway left behind."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise OSError(f"another program listens at {path}")


def _report(message: Message, decision: Decision) -> None:
    """One line a message: whose, how great, what became of it. Never what is in it."""
    match decision:
        case Pass(changes):
            verdict = f"passed, {len(changes)} changes" if changes else "passed"
        case Refuse(reason, rule):
            verdict = f"refused ({rule}): {reason}"
        case Defer(reason, rule):
            verdict = f"deferred ({rule}): {reason}"
        case Hold(reason, rule):
            verdict = f"held ({rule}): {reason}"
    octets, count = len(message.body), len(message.recipients)
    line = f"{message.queue_id or '-'}: from=<{message.sender}> recipients={count} octets={octets}: {verdict}"
    _log.info("%s", "".join(one if one.isprintable() else "?" for one in line))  # names of files are the sender's words
