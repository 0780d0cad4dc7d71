"""An evidence pack read back without trusting it: sizes bounded, names plain, files as the manifest says, the tape that of the verdicts."""

import hashlib
import re
import struct
import zlib
from collections.abc import Mapping
from io import BytesIO
from types import MappingProxyType
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec

from hauberk.model import json
from hauberk.protocols.malformed import visible
from hauberk.report.exports.pack import MANIFEST
from hauberk.report.signature.flaw import Flaw
from hauberk.report.signature.statement import ASSESSMENT, EVIDENCE

MAGIC = b"PK\x03\x04"
LARGEST = 256 * 1024 * 1024  # octets of all files together, unpacked
_MOST_FILES = 100
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n/\\]{1,255})")


def unpacked(data: bytes) -> Mapping[str, bytes] | Flaw:
    """The files by name, or what is wrong with the pack. Never raises."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            infos = archive.infolist()
            flaw = _bounds(infos)
            files = {} if flaw else {info.filename: archive.read(info) for info in infos}
    except (BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError, NotImplementedError, OverflowError) as error:
        return Flaw("the pack", f"it cannot be unpacked: {visible(str(error))[:200]}")
    return flaw or _disagreement(files) or MappingProxyType(files)


def _bounds(infos: list[ZipInfo]) -> Flaw | None:
    names = [info.filename for info in infos]
    if len(names) > _MOST_FILES or sum(info.file_size for info in infos) > LARGEST:
        return Flaw("the pack", f"it holds more than {_MOST_FILES} files or {LARGEST // 1024 // 1024} MiB")
    if any(info.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for info in infos):  # other ways take any amount of memory
        return Flaw("the pack", "it is compressed in a way that Hauberk does not use")
    odd = [name for name in names if not name.isprintable() or "/" in name or "\\" in name or names.count(name) > 1]
    missing = [name for name in (MANIFEST, ASSESSMENT, EVIDENCE) if name not in names]
    if odd:
        return Flaw("the pack", f"it holds {visible(odd[0][:80])}, which Hauberk does not put there, or not twice")
    return Flaw("the pack", f"it is no evidence pack: {', '.join(missing)} is not in it") if missing else None


def _disagreement(files: Mapping[str, bytes]) -> Flaw | None:
    lines = [_LINE.fullmatch(line) for line in files[MANIFEST].decode("utf-8", "replace").splitlines()]
    stated = {line[2]: line[1] for line in lines if line}
    if None in lines or set(stated) != set(files) - {MANIFEST}:
        return Flaw(MANIFEST, "it does not name the files that are in the pack")
    for name, digest in stated.items():
        if hashlib.sha256(files[name]).hexdigest() != digest:
            return Flaw(name, "it is not what the manifest names: something was changed")
    try:
        assessment = json.decode(files[ASSESSMENT])
    except (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError) as error:
        return Flaw(ASSESSMENT, f"it cannot be read: {visible(str(error))[:200]}")
    if assessment.observation != f"sha256:{hashlib.sha256(files[EVIDENCE]).hexdigest()}":
        return Flaw(EVIDENCE, "it is not the evidence that the assessment names")
    return None
