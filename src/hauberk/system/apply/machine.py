"""A host through pyinfra: this machine or one behind SSH, the same commands either way. The only part of `apply` that does I/O."""

import io
import logging
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from pyinfra.api.config import Config
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host as PyinfraHost
from pyinfra.api.inventory import Inventory
from pyinfra.api.operation import add_op  # pyright: ignore[reportUnknownVariableType] - untyped in pyinfra
from pyinfra.api.operations import run_ops
from pyinfra.api.state import State
from pyinfra.connectors.util import CommandOutput
from pyinfra.operations import apt, server

CONNECT_SECONDS = 15
_Run: TypeAlias = Callable[..., tuple[bool, CommandOutput]]
_Put: TypeAlias = Callable[..., bool]


class MachineError(Exception):
    """A host cannot be reached, or a command failed there; the message says what, for people."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to. `text` is its standard output, `complaint` standard error."""

    fine: bool
    text: str
    complaint: str


@dataclass(frozen=True, slots=True)
class User:
    """A user with a group of its own, who cannot log in; `number` None: whichever is free."""

    name: str
    home: str
    number: int | None = None


class Machine:
    """One host that is connected. Commands run as root: directly, or by sudo where the login is somebody else's."""

    def __init__(self, name: str, state: State, host: PyinfraHost) -> None:
        self.name = name
        self._state = state
        self._host = host
        self._sudo = False
        self._sudo = self.run("id -u").text.strip() != "0"

    def run(self, command: str) -> Ran:
        """Whatever the command's code is. Raises `MachineError` where the host is gone."""
        try:
            run = cast(_Run, self._host.run_shell_command)  # pyright: ignore[reportUnknownMemberType]
            fine, output = run(command, print_output=False, **self._arguments())
        except (PyinfraError, OSError) as error:
            raise MachineError(f"{self.name}: {error}") from error
        return Ran(fine, output.stdout, output.stderr)

    def must(self, command: str, why: str) -> str:
        """The standard output. Raises `MachineError` with what the command said."""
        ran = self.run(command)
        if not ran.fine:
            said = (ran.complaint or ran.text).strip()
            raise MachineError(f"{self.name}: {why} failed: {said[-2000:] or 'without a word'}")
        return ran.text

    def put(self, path: str, content: bytes) -> None:
        """Write a file; only root can read what is put in a folder that only root can enter."""
        try:
            write = cast(_Put, self._host.put_file)  # pyright: ignore[reportUnknownMemberType]
            fine = write(io.BytesIO(content), path, print_output=False, **self._arguments())
        except (PyinfraError, OSError) as error:
            raise MachineError(f"{self.name}: {path}: {error}") from error
        if not fine:
            raise MachineError(f"{self.name}: {path} cannot be written")

    def prepare(self, packages: Iterable[str], users: Iterable[User]) -> None:
        """Debian packages and users of the system that are not there yet; once for a connection (pyinfra runs all operations again)."""
        self._add(apt.packages, packages=list(packages), update=True, cache_time=3600, no_recommends=True)
        for one in users:
            system = one.number is None
            names: dict[str, Any] = {"user": one.name, "group": one.name, "uid": one.number, "home": one.home}
            login: dict[str, Any] = {"shell": "/usr/sbin/nologin", "system": system, "ensure_home": False}
            self._add(server.group, group=one.name, gid=one.number, system=system)
            self._add(server.user, **names, **login)
        try:
            run_ops(self._state)
        except PyinfraError as error:
            raise MachineError(f"{self.name}: packages and users: {error}") from error

    def _add(self, operation: Any, **arguments: Any) -> None:
        add_op(self._state, operation, **arguments, **self._arguments())

    def _arguments(self) -> dict[str, Any]:
        return {"_sudo": True} if self._sudo else {}


@contextmanager
def machine(name: str, reach: str) -> Generator[Machine]:
    """Connect to a host. `reach`: empty for this machine, else `user@host:port`, user and port if need be. Raises `MachineError`."""
    logging.getLogger("pyinfra").setLevel(logging.CRITICAL)
    user, at, address = reach.rpartition("@")
    where, _, port = address.partition(":")
    # A host whose key nobody has seen is not trusted with keys: connect once by ssh(1), which asks.
    data: dict[str, Any] = (
        {"ssh_strict_host_key_checking": "yes"} | ({"ssh_user": user} if at else {}) | ({"ssh_port": int(port)} if port else {})
    )
    groups: dict[str, Any] = {}
    inventory = Inventory(([(where or "@local", data)], groups))
    state = State(inventory, Config(FAIL_PERCENT=0, CONNECT_TIMEOUT=CONNECT_SECONDS))
    host = next(iter(inventory))
    try:
        host.connect(show_errors=False, raise_exceptions=True)  # pyright: ignore[reportUnknownMemberType]
    except PyinfraError as error:
        host.disconnect()
        raise MachineError(f"{name}: cannot be reached as {reach or 'this machine'}: {error}") from error
    state.activate_host(host)
    try:
        yield Machine(name, state, host)
    finally:
        host.disconnect()
