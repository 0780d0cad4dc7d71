"""A host's tree on the disk of this machine, below a folder of its own; nothing is written outside that folder."""

import os
import shutil
from pathlib import Path, PurePosixPath

from hauberk.system.tree import RenderedFile, Tree


def write(tree: Tree, root: Path) -> None:
    """Folders first, then files, with their modes and owners. Raises `ValueError` for a path outside `root`."""
    for folder in tree.folders:
        path = _below(folder.path, root)
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(folder.mode)
        _own(path, folder.owner)
    for one in tree.files:
        put(one, root)


def put(file: RenderedFile, root: Path) -> None:
    """One file, whole or not at all."""
    path = _below(file.path, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.touch(0o600)
    partial.write_bytes(file.content)
    partial.chmod(file.mode)
    _own(partial, file.owner)
    partial.replace(path)


def _below(path: str, root: Path) -> Path:
    if ".." in PurePosixPath(path).parts or not PurePosixPath(path).is_relative_to(root):
        raise ValueError(f"{path} is not below {root}")
    return Path(path)


def _own(path: Path, owner: str) -> None:
    if os.geteuid() != 0:
        return
    user, _, group = owner.partition(":")
    shutil.chown(path, _known(user), _known(group or user))


def _known(name: str) -> int | str:
    return int(name) if name.isdigit() else name
