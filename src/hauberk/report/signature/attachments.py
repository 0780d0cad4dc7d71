"""The files that a report of ours carries, read from the PDF as it is written: plain objects, one `Filespec` to a file.

This is no reader for PDFs in general. What it does not find as expected is not there, and nothing in the file can make it work long.
"""

import re
import zlib

from hauberk.report.signature.flaw import Flaw

LARGEST = 80 * 1024 * 1024
_FILE = re.compile(rb"/Type/Filespec/F\(([A-Za-z0-9._-]{1,80})\)/UF\([A-Za-z0-9._-]{1,80}\)/EF<</F (\d{1,9}) 0 R")
_MOST_FILES = 16


def attached(pdf: bytes, wanted: tuple[str, ...]) -> dict[str, bytes] | Flaw:
    """The attached files of the names `wanted`, each once or not at all."""
    found: dict[str, bytes] = {}
    for number, match in enumerate(_FILE.finditer(pdf)):
        name = match[1].decode()
        if number >= _MOST_FILES:
            return Flaw("the attachments", "there are too many")
        if name not in wanted:
            continue
        if name in found:
            return Flaw("the attachments", f"{name} is there twice")
        data = _stream(pdf, int(match[2]))
        if isinstance(data, Flaw):
            return Flaw("the attachments", f"{name}: {data.reason}")
        found[name] = data
    return found


def _stream(pdf: bytes, number: int) -> bytes | Flaw:
    starts = list(re.finditer(rb"\n%d 0 obj\s{0,8}<<([^\x00-\x08]{0,400}?)>>\s{0,8}stream\r?\n" % number, pdf))
    if len(starts) != 1:
        return Flaw("the attachments", f"there are {len(starts)} objects of its number")
    described, start = starts[0][1], starts[0].end()
    length = re.search(rb"/Length (\d{1,10})(?![0-9 ]*R)", described)
    if b"/Type/EmbeddedFile" not in described or length is None:
        return Flaw("the attachments", "it is not embedded as a report's attachment is")
    end = start + int(length[1])
    if not pdf[end : end + 20].lstrip(b"\r\n").startswith(b"endstream"):
        return Flaw("the attachments", "it is cut short")
    filters = re.search(rb"/Filter ?(/\w+)", described)
    if filters is None:
        return pdf[start:end] if b"/Filter" not in described else Flaw("the attachments", "it is packed in an unknown way")
    return _inflated(pdf[start:end]) if filters[1] == b"/FlateDecode" else Flaw("the attachments", "it is packed in an unknown way")


def _inflated(packed: bytes) -> bytes | Flaw:
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(packed, LARGEST)
    except zlib.error as error:
        return Flaw("the attachments", f"it cannot be unpacked: {error}")
    if not unpacking.eof:
        return Flaw("the attachments", f"it is cut short, or unpacks to more than {LARGEST // 1024 // 1024} MiB")
    return data
