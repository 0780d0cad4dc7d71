"""All checks, found by listing the files of this room; the catalogue's pages are the files' docstrings."""

import pkgutil
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path

from hauberk import checks
from hauberk.checks.check import Check
from hauberk.model.observation import ScanOptions

# Raised by hand whenever a verdict on an unchanged tape could change, so that scores stay comparable.
VERSION = "2026.11.8"


@dataclass(frozen=True, slots=True)
class Entry:
    """A check with its page (Markdown: what it means, why it matters, how to fix) and its file."""

    check: Check
    page: str
    file: Path


@cache
def entries() -> tuple[Entry, ...]:
    """Every check by id. A file of this room is a check when it has a `CHECK`."""
    found: list[Entry] = []
    for module_info in pkgutil.walk_packages(checks.__path__, f"{checks.__name__}."):
        if module_info.ispkg or module_info.name.count(".") < 3:
            continue
        module = import_module(module_info.name)
        check = getattr(module, "CHECK", None)
        if isinstance(check, Check):
            found.append(Entry(check, (module.__doc__ or "").strip(), Path(str(module.__file__))))
    return tuple(sorted(found, key=lambda entry: entry.check.id))


@cache
def all_checks() -> tuple[Check, ...]:
    return tuple(entry.check for entry in entries())


@cache
def checks_of(areas: tuple[str, ...]) -> tuple[Check, ...]:
    """The checks of these areas; for none all."""
    return tuple(check for check in all_checks() if check.area in areas) if areas else all_checks()


@lru_cache(maxsize=64)
def checks_for(options: ScanOptions) -> tuple[Check, ...]:
    """The checks that a tape of such a scan is judged by."""
    return tuple(check for check in checks_of(options.areas) if check.asked_for(options))


@cache
def all_areas() -> tuple[str, ...]:
    """In alphabetical order."""
    return tuple(sorted({check.area for check in all_checks()}))
