"""What a report is called: `ExampleLtd_MailServerIHP_2026-11-21.pdf`."""

import unicodedata
from datetime import date

_MOST_OCTETS = 150  # a file name has at most 255 octets on every common file system


def file_name(company: str, domain: str, day: date, extension: str, kind: str = "MailServerIHP") -> str:
    """Letters (of any script, with their marks) and digits of the company's name, or else the domain; safe as one path component."""
    name = _bounded(_letters(company)) or _bounded(_host_characters(domain)) or "domain"
    return f"{name}_{kind}_{day.isoformat()}.{extension}"


def tape_name(domain: str, day: date) -> str:
    """What a tape is called beside its report: `example.com_2026-11-21.tape.json`; safe as one path component."""
    return f"{_bounded(_host_characters(domain)) or 'domain'}_{day.isoformat()}.tape.json"


def _letters(company: str) -> str:
    kept = "".join(c for c in unicodedata.normalize("NFC", company) if unicodedata.category(c)[0] in "LM" or c.isdecimal())
    return kept.lstrip("".join({c for c in kept if unicodedata.category(c)[0] == "M"}))


def _host_characters(domain: str) -> str:
    return "".join(c for c in domain if c.isascii() and (c.isalnum() or c in ".-")).strip(".-")


def _bounded(name: str) -> str:
    return name.encode("utf-8", "ignore")[:_MOST_OCTETS].decode("utf-8", "ignore")
