"""The content of a message looked into: every part, every archive in it, every name; rules, macros and the attachment policy.

No I/O and no clock; the engines are arguments. Runs in a worker process, whose time and memory are bounded from outside.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from hauberk.system.gateway import macros
from hauberk.system.gateway.archives import PACKED, Allowance, Bomb, Encrypted, Unreadable, unpack
from hauberk.system.gateway.config import Attachments
from hauberk.system.gateway.findings import Finding, Kind
from hauberk.system.gateway.parts import Ambiguous, Leaf, Opaque, walk
from hauberk.system.gateway.sniffing import Format, sniff
from hauberk.system.gateway.yara import Match

Scan: TypeAlias = Callable[[bytes], tuple[Match, ...]]
_ENOUGH: Final = 5  # findings of one kind
_LONGEST_NAME: Final = 200
_INVISIBLE: Final = dict.fromkeys((*range(0x20), 0x7F, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF))


@dataclass(frozen=True, slots=True)
class _File:
    """A file at `where` (names from outside in), known by each of `names`."""

    where: tuple[str, ...]
    names: tuple[str, ...]
    octets: bytes


def inspect(message: bytes, policy: Attachments, scan: Scan) -> tuple[Finding, ...]:
    """What there is to say about a message; the first five findings of each kind. `message` is all of it, header included."""
    found: list[Finding] = []
    seen: Counter[Kind] = Counter()
    try:
        # To the end, however many there are: many harmless findings must not hide a grave one.
        for finding in _findings(message, policy, scan):
            seen[finding.kind] += 1
            if seen[finding.kind] <= _ENOUGH:
                found.append(Finding(finding.kind, finding.what, tuple(map(_shown, finding.where))))
    except Ambiguous as error:
        found.append(Finding(Kind.AMBIGUOUS_MIME, str(error)))
    except Bomb as error:
        found.append(Finding(Kind.BOMB, str(error)))
    except MemoryError:
        found.append(Finding(Kind.BOMB, "it takes too much memory to look into"))
    return tuple(found)


def _findings(message: bytes, policy: Attachments, scan: Scan) -> Iterator[Finding]:
    yield from (Finding(Kind.MATCH, _words(match)) for match in scan(message))
    allowance = Allowance(policy)
    for part in walk(message):
        match part:
            case Opaque():
                yield Finding(Kind.ENCRYPTED_MAIL, "the content is encrypted, so that it cannot be looked into")
            case Leaf(names, media_type, octets):
                name = names[0] if names else media_type
                yield from _file(_File((name,), names, octets), policy, scan, allowance, 0)


def _file(file: _File, policy: Attachments, scan: Scan, allowance: Allowance, depth: int) -> Iterator[Finding]:
    """One file and what is inside it."""
    found = sniff(file.octets)
    refused = refused_suffix((*file.names, f"content.{found.value}"), policy.refused_suffixes)
    if refused:
        yield Finding(Kind.REFUSED_TYPE, f"files of the kind {refused} are not let through", file.where)
    yield from (Finding(Kind.MATCH, _words(match), file.where) for match in scan(file.octets))
    if found is Format.OLE:
        yield from _document(file, policy, scan, allowance, depth)
    if found in PACKED:
        yield from _archive(file, found, policy, scan, allowance, depth)


def _archive(file: _File, found: Format, policy: Attachments, scan: Scan, allowance: Allowance, depth: int) -> Iterator[Finding]:
    if depth >= policy.archive_depth:
        yield Finding(Kind.BOMB, f"archives in archives, more than {policy.archive_depth} deep", file.where)
        return
    encrypted = False
    try:
        for member in unpack(found, file.names[0] if file.names else "", file.octets, allowance):
            where = (*file.where, member.name)
            if member.octets is None:
                encrypted = True
                refused = refused_suffix((member.name,), policy.refused_suffixes)
                if refused:
                    yield Finding(Kind.REFUSED_TYPE, f"files of the kind {refused} are not let through", where)
                continue
            if "xl/macrosheets/" in member.name.lower():
                yield Finding(Kind.ACTING_MACRO, "a sheet of Excel 4 macros", file.where)
            yield from _file(_File(where, (member.name,), member.octets), policy, scan, allowance, depth + 1)
    except Encrypted:
        encrypted = True
    except Unreadable as error:
        yield Finding(Kind.UNREADABLE_ARCHIVE, str(error), file.where)
    if encrypted:
        yield Finding(Kind.ENCRYPTED_ARCHIVE, "the archive is encrypted, so that it cannot be looked into", file.where)


def _document(file: _File, policy: Attachments, scan: Scan, allowance: Allowance, depth: int) -> Iterator[Finding]:
    try:
        seen = macros.look(file.octets)
        packed = tuple(macros.packed_files(file.octets))
    except macros.NotReadable as error:
        yield Finding(Kind.UNREADABLE_ARCHIVE, str(error), file.where)
        return
    if seen.encrypted:
        yield Finding(Kind.ENCRYPTED_ARCHIVE, "the document is encrypted, so that it cannot be looked into", file.where)
    elif seen.acting:
        yield Finding(Kind.ACTING_MACRO, f"macros that act ({', '.join((*seen.starts, *seen.calls)[:5])})", file.where)
    elif seen.present:
        yield Finding(Kind.MACRO, "the document has macros", file.where)
    for name, octets in packed:
        allowance.count_member()
        if depth >= policy.archive_depth:
            yield Finding(Kind.BOMB, f"documents in documents, more than {policy.archive_depth} deep", file.where)
            return
        yield from _file(_File((*file.where, name), (name,), octets), policy, scan, allowance, depth + 1)


def refused_suffix(names: tuple[str, ...], refused: tuple[str, ...]) -> str:
    """The suffix, of any of the names, that is refused; empty if none is. Windows drops dots and blanks at the end of a name."""
    for name in names:
        plain = name.translate(_INVISIBLE).rstrip(". ").lower()
        suffix = plain.rpartition(".")[2].strip()
        if suffix in refused and "." in plain:
            return suffix
    return ""


def _shown(name: str) -> str:
    """A name as it can be told: of bounded length, and without the lone surrogates that stand for octets of no known encoding."""
    return name[:_LONGEST_NAME].encode("utf-8", "replace").decode("utf-8")


def _words(match: Match) -> str:
    return f"{match.rule}: {match.description}" if match.description != match.rule else match.rule
