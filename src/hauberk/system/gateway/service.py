"""The gateway as a service: start, tell that it is ready, reload on SIGHUP, end on SIGTERM with what is under way done."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler  # the file may be rotated away
from pathlib import Path

from hauberk.system.gateway.config import GatewayConfig, Listen, Tcp, UnixSocket
from hauberk.system.gateway.config_file import BadConfig, read
from hauberk.system.gateway.gateway import Gateway, sealer
from hauberk.system.gateway.server import Server
from hauberk.system.gateway.workers import CannotStart
from hauberk.system.gateway.yara import BadRules, Yara

_log = logging.getLogger(__name__)


class CannotServe(Exception):
    """Why the gateway did not start, in one sentence."""


def load(path: Path) -> GatewayConfig:
    """The configuration in a file; raises `CannotServe`."""
    try:
        return read(path.read_text("utf-8-sig"), str(path))
    except BadConfig as error:
        raise CannotServe(str(error)) from error
    except UnicodeDecodeError as error:
        raise CannotServe(f"{path} is not UTF-8") from error
    except OSError as error:
        raise CannotServe(f"{path} cannot be read: {error.strerror or error}") from error


def check_config(path: Path) -> str:
    """What a configuration comes to, in a line; raises `CannotServe`. Rules are compiled, nothing is listened at."""
    config = load(path)
    try:
        Yara(config.engine.rules, config.engine.scan_seconds)
        sealer(config)
    except (BadRules, CannotStart, OSError) as error:
        raise CannotServe(f"{path}: {error}") from error
    return f"{path}: fine, side {config.side}, would listen at {_place(config.listen)}"


async def serve(path: Path) -> None:
    """Until SIGTERM or SIGINT. The first line on standard output, and the ready file, say where it listens."""
    config = load(path)
    with _writing(config.log_file):
        _log_to(config.log_file)
    gateway = await _started(config)
    server = Server(config.limits, gateway.decide)
    loop = asyncio.get_running_loop()
    stop, again = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, again.set)
    try:
        try:
            where = await server.start(config.listen)
        except OSError as error:
            raise CannotServe(f"it cannot listen at {_place(config.listen)}: {error.strerror or error}") from error
        with _writing(config.ready_file):
            _announce(config, where)
        while not stop.is_set():
            await _any(stop, again)
            if again.is_set() and not stop.is_set():
                again.clear()
                gateway = await _reloaded(path, gateway, server)
        _log.info("ending")
    finally:
        _unannounce(config)
        await server.stop()
        await gateway.stop()


@contextmanager
def _writing(name: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise CannotServe(f"{name} cannot be written: {error.strerror or error}") from error


async def _any(*events: asyncio.Event) -> None:
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


async def _started(config: GatewayConfig) -> Gateway:
    try:
        return await Gateway.start(config, lambda: datetime.now(UTC))
    except CannotStart as error:
        raise CannotServe(str(error)) from error


async def _reloaded(path: Path, current: Gateway, server: Server) -> Gateway:
    """The gateway after a SIGHUP: with the new settings, or with the old ones where the new are wrong."""
    try:
        config = await asyncio.to_thread(load, path)
        if (config.listen, config.limits) != (current.config.listen, current.config.limits):
            _log.warning("listen and limits change at the next start only")
        gateway = await _started(config)
    except CannotServe as error:
        _log.error("not reloaded: %s", error)
        return current
    server.decide = gateway.decide
    _log.info("reloaded")
    _retire(current, server)
    return gateway


_retiring: set[asyncio.Task[None]] = set()


def _retire(gateway: Gateway, server: Server) -> None:
    """Ends it when the messages that it is deciding about are done."""

    async def later() -> None:
        await server.settled()
        await gateway.stop()

    task = asyncio.create_task(later())
    _retiring.add(task)
    task.add_done_callback(_retiring.discard)


def _log_to(log_file: str) -> None:
    target: logging.Handler = WatchedFileHandler(log_file, encoding="utf-8") if log_file else logging.StreamHandler(sys.stderr)
    target.setFormatter(logging.Formatter("%(asctime)s hauberk-gateway[%(process)d] %(levelname)s %(message)s"))
    root = logging.getLogger("hauberk.system.gateway")
    root.addHandler(target)
    root.setLevel(logging.INFO)
    root.propagate = False


def _place(listen: Listen) -> str:
    match listen:
        case Tcp(address, port):
            return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        case UnixSocket(path, _):
            return f"unix:{path}"


def _announce(config: GatewayConfig, where: Listen) -> None:
    _log.info("ready at %s, side %s", _place(where), config.side)
    if config.ready_file:
        path = Path(config.ready_file)
        new = path.with_name(path.name + ".new")
        new.write_text(f"{_place(where)} {os.getpid()}\n")
        new.replace(path)
    sys.stdout.write(f"ready {_place(where)}\n")
    sys.stdout.flush()


def _unannounce(config: GatewayConfig) -> None:
    if config.ready_file:
        Path(config.ready_file).unlink(missing_ok=True)
