"""`gateway.toml`: read and rendered. Every setting has a default but side, listen, organisation and domains; unknown keys are errors."""

import dataclasses
import ipaddress
import json
import math
import re
import tomllib
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeVar, cast

import msgspec

from hauberk.system.gateway.config import (
    Attachments,
    Confidentiality,
    DirectoryKind,
    Engine,
    Escrow,
    GatewayConfig,
    Keys,
    Limits,
    Listen,
    SenderDirectory,
    Side,
    Tcp,
    UnixSocket,
)

Table = dict[str, object]
T = TypeVar("T")
_TABLES: Final[dict[str, type[object]]] = {
    "senders": SenderDirectory,
    "limits": Limits,
    "engine": Engine,
    "attachments": Attachments,
    "confidentiality": Confidentiality,
    "keys": Keys,
    "escrow": Escrow,
}
_OWN = ("side", "listen", "listen_mode", "organisation", "domains", "help_address", "ready_file", "log_file")
_TCP = re.compile(r"(?:inet6?:)?(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})\Z")


class BadConfig(ValueError):
    """What is wrong with a `gateway.toml`, one sentence each, with the key it is about."""

    def __init__(self, name: str, flaws: tuple[str, ...]) -> None:
        super().__init__("; ".join(f"{name}: {flaw}" for flaw in flaws))
        self.flaws = flaws


def read(text: str, name: str = "gateway.toml") -> GatewayConfig:
    """The configuration in a text, or `BadConfig`."""
    try:
        found: Table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # RecursionError: lists within lists without end
        raise BadConfig(name, (f"not TOML: {error}",)) from error
    flaws = tuple(_unknown(found))
    if flaws:
        raise BadConfig(name, flaws)
    try:
        parts = {key: _part(found[key], kind, key) for key, kind in _TABLES.items() if key in found}
        top: Table = {key: found[key] for key in _OWN if key in found and key not in ("listen", "listen_mode")}
        listen = _listen(found.get("listen"), found.get("listen_mode", 0o660))
        config = msgspec.convert({"listen": {"address": "", "port": 0}, "side": None, "organisation": None, "domains": None, **top}, _Top)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadConfig(name, (str(error),)) from error
    made = GatewayConfig(
        config.side, listen, config.organisation, tuple(domain.lower().rstrip(".") for domain in config.domains),
        help_address=config.help_address, ready_file=config.ready_file, log_file=config.log_file,
    )  # fmt: skip
    made = dataclasses.replace(made, **parts)  # pyright: ignore[reportArgumentType]
    flaws = tuple(_flaws(made))
    if flaws:
        raise BadConfig(name, flaws)
    return made


class _Top(msgspec.Struct):
    side: Side
    organisation: str
    domains: tuple[str, ...]
    help_address: str = ""
    ready_file: str = ""
    log_file: str = ""


def _part(value: object, kind: type[T], key: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"[{key}] {error}") from error


def _unknown(found: Table) -> Iterable[str]:
    for key, value in found.items():
        if key not in _OWN and key not in _TABLES:
            yield f"{key}: no such setting; there are {', '.join((*_OWN, *_TABLES))}"
        elif key in _TABLES:
            known = tuple(field.name for field in dataclasses.fields(cast("type[Limits]", _TABLES[key])))
            inner = cast(Table, value) if isinstance(value, dict) else {}
            yield from (f"[{key}] {word}: no such setting; there are {', '.join(known)}" for word in inner if word not in known)


def _listen(value: object, mode: object) -> Listen:
    if not isinstance(value, str):
        raise ValueError('listen: a text is wanted, such as "127.0.0.1:11400", "[::1]:11400" or "unix:/run/hauberk/gateway.sock"')
    if value.startswith("unix:/") and isinstance(mode, int):
        return UnixSocket(value.removeprefix("unix:"), mode)
    found = _TCP.match(value)
    if found is None or int(found[3]) > 65535:
        raise ValueError(f'listen: {value!r} is neither "ADDRESS:PORT", "[IPv6]:PORT" nor "unix:/PATH"')
    return Tcp(str(ipaddress.ip_address(found[1] or found[2])), int(found[3]))


def _flaws(config: GatewayConfig) -> Iterable[str]:
    """What each setting may be, and what does not go together."""
    if not config.domains:
        yield "domains: at least one is wanted"
    if config.side is Side.SUBMISSION and config.senders is None:
        yield "[senders]: at submission the gateway has to know who may write as whom"
    if config.side is Side.INBOUND and config.confidentiality.enabled:
        yield "[confidentiality] enabled: not in the DMZ; what is confidential is encrypted at submission"
    if config.side is Side.INBOUND and (config.escrow.keeper or config.escrow.certificate):
        yield "[escrow]: nothing of escrow belongs into the DMZ"
    if config.confidentiality.enabled and not (config.keys.store or config.keys.wkd):
        yield "[keys] store: encryption wants a folder of public keys, or wkd = true"
    if len({bool(config.escrow.keeper), bool(config.escrow.certificate), bool(config.escrow.folder)}) > 1:
        yield "[escrow]: keeper, certificate and folder go together"
    for part in (config.limits, config.engine, config.attachments, config.keys):
        for field in dataclasses.fields(part):
            value: object = getattr(part, field.name)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and not 0 < value < math.inf:
                yield f"{field.name}: {value} is no number above nothing"
    if config.limits.held_octets < config.limits.message_octets:
        yield "[limits] held_octets: less than message_octets, so that the greatest message could never pass"
    yield from (f"[attachments] refused_suffixes: {one!r} is wanted in lower case, without a dot in front"
                for one in config.attachments.refused_suffixes if one != one.lower() or one.startswith("."))  # fmt: skip
    senders = config.senders
    if senders is not None and (senders.kind is DirectoryKind.FILE) == bool(senders.query):
        yield "[senders] query: sqlite and postgresql want one, a file has none"


def render(config: GatewayConfig) -> str:
    """The text that `read` makes the same value of: every setting, so that nothing hangs on the defaults of a version."""
    top = [f"side = {_value(config.side)}", *_listen_lines(config.listen)]
    top += [f"{name} = {_value(getattr(config, name))}" for name in ("organisation", "domains", "help_address", "ready_file", "log_file")]
    blocks = ["\n".join(top)]
    for key in _TABLES:
        part: Limits | None = getattr(config, key)
        if part is not None:
            lines = (f"{field.name} = {_value(getattr(part, field.name))}" for field in dataclasses.fields(part))
            blocks.append("\n".join((f"[{key}]", *lines)))
    return "\n\n".join(blocks) + "\n"


def _listen_lines(listen: Listen) -> tuple[str, ...]:
    match listen:
        case Tcp(address, port):
            return (f'listen = "[{address}]:{port}"' if ":" in address else f'listen = "{address}:{port}"',)
        case UnixSocket(path, mode):
            return (f"listen = {_value('unix:' + path)}", f"listen_mode = 0o{mode:o}")


def _value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case StrEnum():
            return _value(value.value)
        case str():
            return _text(value)
        case int() | float():
            return repr(value)
        case tuple():
            return "[" + ", ".join(_value(one) for one in cast("tuple[object, ...]", value)) + "]"
        case _:
            raise TypeError(f"not written in TOML: {value!r}")


def _text(value: str) -> str:
    """A basic string (TOML 1.0): JSON's escapes are TOML's, but for DEL and for pairs of surrogates, which stay unescaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
