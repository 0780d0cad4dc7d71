"""Macros in Office documents, by oletools: VBA and Excel 4, and programs packed into a document. Runs in a worker only."""

import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from typing import Final, Protocol, cast

_ACTS: Final = frozenset(
    """Shell WScript.Shell Shell.Application ShellExecute ShellExecuteA CreateObject GetObject CallByName PowerShell Lib MSXML2.XMLHTTP
    Microsoft.XMLHTTP URLDownloadToFileA URLDownloadToFileW CreateProcessA CreateThread VirtualAlloc ADODB.Stream SendKeys EXEC REGISTER
    CALL Run AppActivate RtlMoveMemory WinExec mshta.exe Win32_Process""".lower().split()
)
_OLE_NATIVE: Final = "\x01ole10native"


@dataclass(frozen=True, slots=True)
class Macros:
    """What a document does by itself. `starts`: the triggers; `calls`: what it calls of the system."""

    present: bool = False
    encrypted: bool = False
    starts: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()

    @property
    def acting(self) -> bool:
        return bool(self.starts or self.calls)


class _Storage(Protocol):
    """The same for olefile's."""

    def listdir(self) -> list[list[str]]: ...
    def openstream(self, filename: list[str]) -> BytesIO: ...
    def close(self) -> None: ...


class _Native(Protocol):
    filename: str | None
    data: bytes | None


class NotReadable(Exception):
    """The document is damaged or of an unknown kind; the message says why."""


class _Document(Protocol):
    """As much of oletools' parser as is used here; it brings no types."""

    def detect_is_encrypted(self) -> bool: ...
    def detect_vba_macros(self) -> bool: ...
    def detect_xlm_macros(self) -> bool: ...
    def analyze_macros(self) -> list[tuple[str, str, str]] | None: ...
    def close(self) -> None: ...


def look(octets: bytes) -> Macros:
    """The macros of an OLE document (a Word or Excel file of the old kind, or the `vbaProject.bin` of a new one)."""
    try:
        return _look(octets)
    except MemoryError:
        raise
    except Exception as error:  # the parsers stumble over damaged files in many ways
        raise NotReadable("the document is damaged, or of a kind that cannot be read") from error


def _look(octets: bytes) -> Macros:
    from oletools.olevba import VBA_Parser  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    logging.getLogger("olevba").setLevel(logging.CRITICAL)
    with closing(cast(_Document, VBA_Parser("document", data=octets))) as document:
        if document.detect_is_encrypted():
            return Macros(encrypted=True)
        if not (document.detect_vba_macros() or document.detect_xlm_macros()):
            return Macros()
        found = document.analyze_macros() or []
    starts = tuple(dict.fromkeys(word for kind, word, _ in found if kind == "AutoExec"))
    calls = tuple(dict.fromkeys(word for kind, word, _ in found if kind == "Suspicious" and word.lower() in _ACTS))
    return Macros(True, False, starts, calls)


def packed_files(octets: bytes) -> Iterator[tuple[str, bytes]]:
    """Files that the Object Packager put into an OLE document: their names and octets."""
    try:
        yield from _packed(octets)
    except MemoryError:
        raise
    except Exception as error:
        raise NotReadable("the document is damaged, or of a kind that cannot be read") from error


def _packed(octets: bytes) -> Iterator[tuple[str, bytes]]:
    from olefile import OleFileIO  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
    from oletools.oleobj import OleNativeStream  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

    with closing(cast(_Storage, OleFileIO(BytesIO(octets)))) as storage:
        for path in storage.listdir():
            if path[-1].lower() != _OLE_NATIVE:
                continue
            raw = storage.openstream(path).read()
            native = cast(_Native, OleNativeStream(raw))
            yield native.filename or "object", native.data if isinstance(native.data, bytes) else raw
