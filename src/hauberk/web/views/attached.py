"""Files that are attached to evidence: their names made safe, their kind told by their content."""

import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath

KINDS = {"ihp-result": "Official IHP result", "certificate": "Certificate", "letter": "Letter or statement", "other": "Something else"}
_SIGNS = (
    (b"%PDF-", "application/pdf", ("pdf",)),
    (b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    (b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
)
_TEXT = ("txt", "csv", "json", "eml", "md")


class NotAcceptedError(Exception):
    """The file is not kept; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Accepted:
    name: str
    media_type: str


def accepted(name: str, content: bytes, largest: int) -> Accepted:
    """A PDF, a picture or plain text, which is what its name says. Raises `NotAcceptedError`."""
    if not content:
        raise NotAcceptedError("Choose a file; this one is empty.")
    if len(content) > largest:
        raise NotAcceptedError(f"The file is larger than {largest // 1024 // 1024} MB.")
    safe = safe_name(name)
    ending = PurePosixPath(safe).suffix.removeprefix(".").lower()
    for sign, media_type, endings in _SIGNS:
        if content.startswith(sign):
            if ending not in endings:
                raise NotAcceptedError(
                    f"The file is {_article(endings[0])}, but its name does not end in .{endings[0]}. Rename it and try again."
                )
            return Accepted(safe, media_type)
    if ending in _TEXT and _is_text(content):
        return Accepted(safe, "text/plain; charset=utf-8")
    raise NotAcceptedError("Only PDF, PNG, JPG and plain text (txt, csv, json, eml) are kept, and a file has to be what its name says.")


def safe_name(name: str) -> str:
    """One path component that file systems take (255 octets, with an ending to come), without anything that does not print."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in unicodedata.normalize("NFC", last) if c.isprintable() and c not in '<>:"|?*')
    return kept.strip(". ").encode()[-200:].decode(errors="ignore") or "file"


def _article(ending: str) -> str:
    return {"pdf": "a PDF", "png": "a PNG picture", "jpg": "a JPG picture"}[ending]


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return "\0" not in text
