"""The files of a host as one value, and what makes two of them differ."""

import hashlib
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Component(StrEnum):
    """Which daemon reads a file; what is reloaded when it changes."""

    POSTFIX = "postfix"
    DOVECOT = "dovecot"
    RSPAMD = "rspamd"
    CLAMAV = "clamav"
    FRESHCLAM = "freshclam"
    UNBOUND = "unbound"
    NFTABLES = "nftables"
    GATEWAY = "gateway"
    POSTSRSD = "postsrsd"
    POLICY_SERVER = "policy-server"
    MTA_STS = "mta-sts"
    SIGNATURE_SERVER = "signature-server"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """`path` is absolute. `owner` is `user:group`. The content of a `secret` one is never shown, not in a diff and not in a log."""

    path: str
    content: bytes = field(repr=False)
    component: Component
    mode: int = 0o644
    owner: str = "root:root"
    secret: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the content, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that a daemon expects; what is in it is the daemon's."""

    path: str
    mode: int = 0o755
    owner: str = "root:root"


@dataclass(frozen=True, slots=True)
class Tree:
    """All files and folders of one host, by path."""

    files: tuple[RenderedFile, ...]
    folders: tuple[Folder, ...] = ()

    def __getitem__(self, path: str) -> RenderedFile:
        for one in self.files:
            if one.path == path:
                return one
        raise KeyError(path)

    def of(self, component: Component) -> tuple[RenderedFile, ...]:
        return tuple(one for one in self.files if one.component is component)

    def manifest(self) -> str:
        """JSON: for each path the SHA-256, mode (octal), owner and component. Two trees with the same manifest are the same."""
        rows = {
            one.path: {"sha256": one.digest, "mode": f"{one.mode:04o}", "owner": one.owner, "component": one.component.value}
            for one in self.files
        }
        return json.dumps(rows, indent=1, sort_keys=True) + "\n"


def tree(files: Iterable[RenderedFile], folders: Iterable[Folder] = ()) -> Tree:
    """A tree in the order of paths. Raises `ValueError` where two files have the same path."""
    ordered = tuple(sorted(files, key=lambda one: one.path))
    for one, following in itertools.pairwise(ordered):
        if one.path == following.path:
            raise ValueError(f"two files want the path {one.path}")
    return Tree(ordered, tuple(sorted(set(folders), key=lambda one: one.path)))
