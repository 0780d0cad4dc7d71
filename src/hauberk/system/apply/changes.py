"""What differs between a tree and what is on a host. Pure."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hauberk.system.tree import Component, RenderedFile, Tree


class Kind(StrEnum):
    ADD = "add"
    CHANGE = "change"
    OWN = "own"  # the content is right, mode or owner are not
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Present:
    """A file as it is on the host. `owners` are its `user:group` by name and by number; `content` where it was fetched."""

    digest: str
    mode: int
    owners: tuple[str, ...]
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """`wanted` None: the file is to go."""

    kind: Kind
    path: str
    component: Component
    wanted: RenderedFile | None
    before: Present | None = None


def changes(tree: Tree, present: Mapping[str, Present], managed: Mapping[str, Component]) -> tuple[Change, ...]:
    """In the order of paths. `managed`: files that an earlier tree brought; what is not in this one any more goes."""
    wanted = {one.path: one for one in tree.files}
    found = [change for one in tree.files if (change := _change(one, present.get(one.path)))]
    found += [
        Change(Kind.REMOVE, path, component, None, present[path])
        for path, component in managed.items()
        if path not in wanted and path in present
    ]
    return tuple(sorted(found, key=lambda one: one.path))


def _change(wanted: RenderedFile, before: Present | None) -> Change | None:
    if before is None:
        return Change(Kind.ADD, wanted.path, wanted.component, wanted)
    if before.digest != wanted.digest:
        return Change(Kind.CHANGE, wanted.path, wanted.component, wanted, before)
    if before.mode != wanted.mode or wanted.owner not in before.owners:
        return Change(Kind.OWN, wanted.path, wanted.component, wanted, before)
    return None


def components(found: tuple[Change, ...]) -> tuple[Component, ...]:
    """Whom the changes concern, in the order in which they are told: what others need comes first."""
    concerned = {one.component for one in found}
    return tuple(one for one in _ORDER if one in concerned)


_ORDER = (
    Component.SYSTEM,
    Component.NFTABLES,
    Component.UNBOUND,
    Component.FRESHCLAM,
    Component.CLAMAV,
    Component.RSPAMD,
    Component.GATEWAY,
    Component.POSTSRSD,
    Component.MTA_STS,
    Component.SIGNATURE_SERVER,
    Component.POLICY_SERVER,
    Component.DOVECOT,
    Component.POSTFIX,
)


def described(change: Change) -> Iterator[str]:
    """The change as lines for people: a diff, but of a secret only that it changes."""
    match change:
        case Change(kind=Kind.OWN, wanted=RenderedFile() as wanted, before=Present() as before):
            yield f"{change.kind:7}{change.path}  {before.owners[0]} {before.mode:04o} -> {wanted.owner} {wanted.mode:04o}"
        case Change(kind=Kind.ADD, wanted=RenderedFile() as wanted):
            yield f"{change.kind:7}{change.path}  {wanted.owner} {wanted.mode:04o}, {len(wanted.content)} octets"
        case Change(kind=Kind.CHANGE, wanted=RenderedFile() as wanted, before=Present(content=bytes() as before)) if not wanted.secret:
            yield f"{change.kind:7}{change.path}"
            yield from _diff(before, wanted.content)
        case _:
            yield f"{change.kind:7}{change.path}{'  (secret)' if change.wanted and change.wanted.secret else ''}"


def _diff(before: bytes, after: bytes) -> Iterator[str]:
    old, new = (octets.decode("utf-8", "replace").splitlines() for octets in (before, after))
    for line in list(difflib.unified_diff(old, new, lineterm="", n=1))[2:]:
        yield "    " + "".join(one if one.isprintable() else f"\\u{{{ord(one):x}}}" for one in line)
