"""MTA-STS: the record that announces a policy, the policy file, and how senders find both (RFC 8461)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import HttpsAnswer, Url
from hauberk.protocols import fields
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.rdata import txt
from hauberk.protocols.walk import Walk, ask, ask_each, fetch

VERSION = "v=STSv1"
LONGEST_AGE = 31_557_600  # seconds, about a year
LARGEST_POLICY = 65_536  # octets (RFC 8461, 3.3)

_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_MX = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_AGE = re.compile(r"[0-9]{1,10}")
_VALUE = re.compile(r"[\x21-\x7e\x80-\U0010ffff](?:[\x20-\x7e\x80-\U0010ffff]*[\x21-\x7e\x80-\U0010ffff])?")
_LINE_END = re.compile(r"\r\n|\n")


class Mode(StrEnum):
    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class StsRecord:
    """`extensions` are the fields that RFC 8461 does not name, as (name, value)."""

    id: str
    extensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StsPolicy:
    """`max_age` in seconds; `mx` the patterns as written; `blank_lines` counts lines that the grammar has no room for."""

    mode: Mode
    max_age: int
    mx: tuple[str, ...] = ()
    extensions: tuple[tuple[str, str], ...] = ()
    blank_lines: int = 0


class StsDiscovery(Struct, frozen=True):
    """What a sender finds: `records` are the TXT records that count, `discarded` those that were meant but do not.

    The policy host and file (`ipv4`, `ipv6`, `file`) are asked for only when there is something in either, and None otherwise.
    """

    answer: DnsAnswer | NoAnswer
    records: tuple[str, ...] = ()
    discarded: tuple[str, ...] = ()
    ipv4: DnsAnswer | NoAnswer | None = None
    ipv6: DnsAnswer | NoAnswer | None = None
    file: HttpsAnswer | NoAnswer | None = None


def parse_record(text: str) -> StsRecord | Malformed:
    """RFC 8461, 3.1. The version is case-sensitive; fields that are not known are kept, the second of a name is ignored."""
    found = fields.parse(text, VERSION)
    if isinstance(found, Malformed):
        return found
    for field in found:
        if field.name == "id":
            continue
        wrong = fields.wrong_extension(text, field)
        if wrong:
            return wrong
    ids = [field for field in found if field.name == "id"]
    if not ids:
        return Malformed(text, len(text), "id= is missing; senders learn from it that the policy changed")
    if not _ID.fullmatch(ids[0].value):
        return Malformed(text, ids[0].position, "id= takes 1 to 32 letters and digits", len(ids[0].value) or 1)
    return StsRecord(ids[0].value, tuple((field.name, field.value) for field in found if field.name != "id"))


def render_record(record: StsRecord) -> str:
    return "; ".join((VERSION, f"id={record.id}", *(f"{name}={value}" for name, value in record.extensions))) + ";"


def parse_policy(body: bytes) -> StsPolicy | Malformed:
    """RFC 8461, 3.2: `key: value` lines that end in LF or CRLF; keys and values are case-sensitive."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        shown = body.decode("utf-8", "backslashreplace")
        return Malformed(shown, len(body[: error.start].decode("utf-8", "replace")), "the file is not UTF-8", 4)
    found: list[fields.Field] = []
    seen = set[str]()
    blank, at = 0, 0
    for line in _LINE_END.split(text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")):
        start = text.index(line, at)
        at = start + len(line)
        if not line.strip(" \t"):
            blank += 1
            continue
        field = _parse_line(text, line, start)
        if isinstance(field, Malformed):
            return field
        if field.name == "mx" or field.name not in seen:
            found.append(field)
        seen.add(field.name)
    return _assemble(text, tuple(found), blank)


def render_policy(policy: StsPolicy) -> bytes:
    """The file with CRLF line ends; blank lines are not brought back."""
    lines = ("version: STSv1", f"mode: {policy.mode}", *(f"mx: {one}" for one in policy.mx), f"max_age: {policy.max_age}")
    extra = (f"{name}: {value}" for name, value in policy.extensions)
    return "".join(f"{line}\r\n" for line in (*lines, *extra)).encode()


def _parse_line(text: str, line: str, start: int) -> fields.Field | Malformed:
    if line.startswith("\ufeff"):
        return Malformed(text, start, "the file starts with a byte order mark; save it without")
    key, colon, rest = line.partition(":")
    if not colon:
        return Malformed(text, start, "this line is no `key: value`", len(line))
    if not _KEY.fullmatch(key):
        return Malformed(text, start, f"{key.strip()!r} is no key: letters, digits, _ - . and no space before the colon", len(key) or 1)
    position = start + len(key) + 1 + len(rest) - len(rest.lstrip(" \t"))
    value = rest.strip(" \t")
    if not _VALUE.fullmatch(value):
        return Malformed(text, position, f"the value of {key} is empty or holds a control character", len(value) or 1)
    return fields.Field(key, value, position)


def _assemble(text: str, found: tuple[fields.Field, ...], blank: int) -> StsPolicy | Malformed:
    first = {field.name: field for field in reversed(found)}
    for name in ("version", "mode", "max_age"):
        if name not in first:
            return Malformed(text, len(text), f"the key {name} is missing")
    version, mode, age = first["version"], first["mode"], first["max_age"]
    if version.value != "STSv1":
        return Malformed(text, version.position, "version has to be STSv1, in exactly this spelling", len(version.value))
    if mode.value not in tuple(Mode):
        return Malformed(text, mode.position, "mode is one of enforce, testing, none, in lower case", len(mode.value))
    if not _AGE.fullmatch(age.value) or int(age.value) > LONGEST_AGE:
        return Malformed(text, age.position, f"max_age is a number of seconds from 0 to {LONGEST_AGE}", len(age.value))
    patterns = tuple(field for field in found if field.name == "mx")
    for pattern in patterns:
        if not _MX.fullmatch(pattern.value):
            reason = "an mx pattern is a host name, or *. and a host name; no dot at the end, no address, one host a line"
            return Malformed(text, pattern.position, reason, len(pattern.value))
    if not patterns and mode.value != Mode.NONE:
        return Malformed(text, len(text), f"there is no mx line, and mode {mode.value} needs at least one")
    known = ("version", "mode", "max_age", "mx")
    extensions = tuple((field.name, field.value) for field in found if field.name not in known)
    return StsPolicy(Mode(mode.value), int(age.value), tuple(pattern.value for pattern in patterns), extensions, blank)


def matches(pattern: str, host: str) -> bool:
    """Whether an mx pattern covers a host; `*.` stands for exactly one label (RFC 8461, 4.1)."""
    wanted, name = pattern.lower(), host.lower().removesuffix(".")
    if wanted.startswith("*."):
        label, dot, rest = name.partition(".")
        return bool(label and dot) and rest == wanted[2:]
    return name == wanted


def policy_url(domain: str) -> Url:
    return Url(f"https://mta-sts.{domain}/.well-known/mta-sts.txt", LARGEST_POLICY)


def discover(domain: str, options: ScanOptions) -> Walk[StsDiscovery]:
    """The record, then, where one is there, the policy host's addresses and the policy file (RFC 8461, 3.1 and 3.3)."""
    answer = yield from ask(f"_mta-sts.{domain}", "TXT")
    if isinstance(answer, NoAnswer) or answer.rcode != "NOERROR":
        return StsDiscovery(answer)
    texts = tuple(txt(record) for record in answer.of("TXT"))
    records, discarded = fields.candidates(texts, VERSION), fields.near_misses(texts, VERSION)
    if not records and not discarded:
        return StsDiscovery(answer)
    host = f"mta-sts.{domain}"
    ipv4, ipv6 = yield from ask_each((Question(host, "A"), Question(host, "AAAA")))
    file = yield from fetch(policy_url(domain))
    return StsDiscovery(answer, records, discarded, ipv4, ipv6, file)
