"""`mail.toml` to a `Declaration`: every flaw at once, each with its line, what is wrong and what to write.

The shape follows from the types in declaration.py; declaration_rules.py says what the values may be.
"""

import dataclasses
import re
import tomllib
import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Final, cast

from hauberk.system.declaration import Declaration, Flaw
from hauberk.system.declaration_rules import flaws_of
from hauberk.system.toml_lines import Path, key_lines, line_of

_MOST_CHARACTERS: Final = 200_000  # a declaration is a page, not a book
# A key of many parts: nothing here has one, and reading it takes time that grows with the square of their number.
_DEEP: Final = re.compile(r"""^[ \t]*(?:\[\[?[ \t]*)?(?:(?:"[^"\n]*"|'[^'\n]*'|[\w-]+)[ \t]*\.[ \t]*){20}""", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class _Wrong:
    """A flaw that does not know its line yet."""

    path: Path
    problem: str
    remedy: str


class _Unfit(Exception):
    """A value that fits its type nowhere: (problem, remedy)."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def read(text: str, name: str = "mail.toml") -> Declaration | tuple[Flaw, ...]:
    """The declaration in a text, or everything that is wrong with it, in the order of lines."""
    if len(text) > _MOST_CHARACTERS:
        return (Flaw(name, 0, "file", f"it has {len(text)} characters.", f"A declaration has at most {_MOST_CHARACTERS}."),)
    if deep := _DEEP.search(text):
        return (_too_deep(name, text.count("\n", 0, deep.start()) + 1),)
    try:
        found: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return (_not_toml(name, text, str(error)),)
    except ValueError as error:  # a number of thousands of digits
        return (Flaw(name, 0, "TOML", f"{error}.", "Write a number that a person can read."),)
    except RecursionError:
        return (_too_deep(name, 0),)
    places = key_lines(text)
    wrong: list[_Wrong] = []
    made = _record(found, Declaration, (), wrong)
    if not wrong and isinstance(made, Declaration):
        wrong = [_Wrong(path, problem, remedy) for path, problem, remedy in flaws_of(made)]
    if wrong or not isinstance(made, Declaration):
        flaws = (Flaw(name, line_of(one.path, places), _shown(one.path), one.problem, one.remedy) for one in wrong)
        return tuple(sorted(flaws, key=lambda one: (one.line, one.key)))
    return made


def _too_deep(name: str, line: int) -> Flaw:
    return Flaw(name, line, "file", "keys or lists within others go too deep.", "Write it as `hauberk system init` does.")


def _not_toml(name: str, text: str, said: str) -> Flaw:
    """tomllib says `... (at line 3, column 7)`, or `(at end of document)`."""
    where, _, place = said.partition(" (at ")
    line = place.partition("line ")[2].partition(",")[0]
    number = int(line) if line.isdigit() else text.count("\n") + 1
    return Flaw(name, number, "TOML", f"{where[:200]}.", "Texts stand in double quotes, lists in [ ], one `key = value` a line.")


def _shown(path: Path) -> str:
    """As one would say it: `mta.addresses[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "file"


def _record(found: dict[str, object], kind: type[object], path: Path, wrong: list[_Wrong]) -> object | None:
    """A table as the dataclass `kind`; None where something in it is wrong."""
    before = len(wrong)
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}  # pyright: ignore[reportArgumentType]
    wrong.extend(
        _Wrong((*path, key), "there is no such setting.", f"There are {', '.join(fields)}{_nearest(key, fields)}.")
        for key in found
        if key not in fields
    )
    values: dict[str, object] = {}
    for key, field in fields.items():
        if key in found:
            values[key] = _value(found[key], hints[key], (*path, key), wrong)
        elif field.default is dataclasses.MISSING:
            remedy = f"Write `[{_shown((*path, key))}]` with its settings." if _is_record(hints[key]) else f"Write `{key} = ...`."
            wrong.append(_Wrong((*path, key), "it is missing.", remedy))
    return kind(**values) if len(wrong) == before else None


def _nearest(key: str, fields: dict[str, typing.Any]) -> str:
    import difflib

    close = difflib.get_close_matches(key, fields, 1)
    return f"; `{close[0]}` is meant, perhaps" if close else ""


def _is_record(kind: object) -> bool:
    return isinstance(kind, type) and dataclasses.is_dataclass(kind)


def _value(value: object, kind: object, path: Path, wrong: list[_Wrong]) -> object | None:
    options = typing.get_args(kind) if typing.get_origin(kind) in (types.UnionType, typing.Union) else (kind,)
    options = tuple(one for one in options if one is not type(None))
    first = options[0]
    if _is_record(first):
        if isinstance(value, dict):
            return _record(cast(dict[str, object], value), cast(type[object], first), path, wrong)
        wrong.append(_Wrong(path, f"{_said(value)} is no table.", f"Write `[{_shown(path)}]` and its settings below."))
        return None
    if typing.get_origin(first) is tuple:
        if isinstance(value, list):
            member = typing.get_args(first)[0]
            return tuple(_value(one, member, (*path, index), wrong) for index, one in enumerate(cast(list[object], value)))
        wrong.append(_Wrong(path, f"{_said(value)} is no list.", "Write a list in [ ], also for one."))
        return None
    try:
        return _single(value, first)
    except _Unfit as unfit:
        wrong.append(_Wrong(path, unfit.problem, unfit.remedy))
        return None


def _single(value: object, kind: object) -> object:
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _choice(value, kind)
    if kind is IPv4Address:
        return _address(value)
    if kind is IPv4Network:
        return _network(value)
    plain = bool if isinstance(value, bool) else type(value)
    if plain is kind:
        return value
    if kind is float and plain is int:
        return float(cast(int, value))
    wanted = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": 'a text in quotes, "so"'}
    raise _Unfit(f"{_said(value)} does not fit.", f"Write {wanted[cast(type, kind).__name__]}.")


def _choice(value: object, kind: type[StrEnum]) -> StrEnum:
    try:
        return kind(cast(str, value))
    except ValueError:
        choices = " or ".join(f'"{one.value}"' for one in kind)
        raise _Unfit(f"{_said(value)} is none of the choices.", f"Write {choices}.") from None


def _address(value: object) -> object:
    try:
        return ip_address(value if isinstance(value, str) else "")
    except ValueError:
        raise _Unfit(f"{_said(value)} is no IP address.", 'Write one such as "192.0.2.25" or "2001:db8::25", without a prefix.') from None


def _network(value: object) -> object:
    text = value if isinstance(value, str) else ""
    try:
        return ip_network(text)
    except ValueError:
        pass
    try:
        meant = str(ip_network(text, strict=False))
    except ValueError:
        raise _Unfit(f"{_said(value)} is no network.", 'Write one such as "192.0.2.0/24" or "2001:db8::/64".') from None
    raise _Unfit(f"{_said(value)} has host bits set.", f'Write "{meant}".')


def _said(value: object) -> str:
    """The value as it was written, cut where it is long."""
    text = repr(value) if not isinstance(value, str) else f'"{value}"'
    text = "".join(one if one.isprintable() else f"\\u{{{ord(one):x}}}" for one in text)
    return text if len(text) <= 60 else f"{text[:57]}..."


def flaws_text(flaws: tuple[Flaw, ...]) -> Iterator[str]:
    """One line a flaw, for people."""
    yield from (str(one) for one in flaws)
