"""The commands that a host runs, as text for sh(1). Pure; every path is quoted.

What a host keeps, in `Places.applied`:

    manifest.json    what the last apply brought (tree.py)
    previous.tar     the files as they were before it; previous.json the manifest of then; previous.new lists files that were not there
    pending.*        the same of an apply under way, until every checker is content
    incoming/        the files of an apply under way, by number, and the bundle that they came in
"""

import shlex
from collections.abc import Iterable
from typing import Final

from hauberk.system.apply.changes import Change, Kind
from hauberk.system.places import Places
from hauberk.system.tree import Folder

EARLIER: Final = "previous"
PENDING: Final = "pending"


def look(paths: Iterable[str], places: Places) -> str:
    """One line a file that is there: mode, owner by name, owner by number, SHA-256, path. Then the manifest."""
    listed = " ".join(shlex.quote(path) for path in paths)
    manifest = shlex.quote(f"{places.applied}/manifest.json")
    return (
        f"for f in {listed}; do [ -f \"$f\" ] && "
        "printf '%s %s %s\\n' \"$(stat -c '%a %U:%G %u:%g' -- \"$f\")\" \"$(sha256sum < \"$f\" | cut -d' ' -f1)\" \"$f\"; done; "
        f"echo; cat {manifest} 2>/dev/null; true"
    )  # fmt: skip


def fetch(paths: Iterable[str]) -> str:
    """One line a file: its content in base64, its path."""
    listed = " ".join(shlex.quote(path) for path in paths)
    return f'for f in {listed}; do printf \'%s %s\\n\' "$(base64 -w0 < "$f")" "$f"; done'


def folders(wanted: Iterable[Folder]) -> str:
    """Folders that are not there; those that are keep their mode: a daemon or the distribution may have its reasons."""
    lines = ["set -e"]
    for one in sorted(wanted, key=lambda folder: folder.path):
        path = shlex.quote(one.path)
        user, _, group = one.owner.partition(":")
        lines.append(f"[ -d {path} ] || install -d -m {one.mode:04o} -o {shlex.quote(user)} -g {shlex.quote(group)} {path}")
    return "\n".join(lines)


def prepare(places: Places) -> str:
    incoming = shlex.quote(f"{places.applied}/incoming")
    return f"set -e\nrm -rf {incoming}\ninstall -d -m 0700 {shlex.quote(places.applied)} {incoming}"


def swap(found: tuple[Change, ...], places: Places) -> str:
    """Keep what is there, then put every file in its place by a rename; the first thing that fails ends it."""
    kept = [one.path for one in found if one.before is not None]
    new = [one.path for one in found if one.before is None]
    state = shlex.quote(places.applied)
    lines = ["set -e", "umask 077", f"cd {state}", "tar -xf incoming/files.tar -C incoming --no-same-owner"]
    listed = " ".join(shlex.quote(path) for path in kept)
    lines.append(f"tar -cf {PENDING}.tar -P {listed or '-T /dev/null'}")
    lines.append(f"printf '%s\\n' {' '.join(shlex.quote(path) for path in new)} > {PENDING}.new" if new else f": > {PENDING}.new")
    lines.append(f"if [ -f manifest.json ]; then cp -p manifest.json {PENDING}.json; else rm -f {PENDING}.json; fi")
    for number, one in enumerate(found):
        path = shlex.quote(one.path)
        if one.kind is Kind.REMOVE or one.wanted is None:
            lines.append(f"rm -f {path}")
            continue
        user, _, group = one.wanted.owner.partition(":")
        owner = f"-o {shlex.quote(user)} -g {shlex.quote(group)}"
        beside = shlex.quote(f"{one.path}.hauberk-new")
        parent = shlex.quote(one.path.rpartition("/")[0] or "/")
        lines.append(f"[ -d {parent} ] || install -d -m 0755 {parent}")
        lines.append(f"install -m {one.wanted.mode:04o} {owner} incoming/{number} {beside} && mv -f {beside} {path}")
    lines += ["mv -f incoming/manifest manifest.json", "rm -rf incoming"]
    return "\n".join(lines)


def settle(places: Places) -> str:
    """What was kept becomes what a rollback goes back to."""
    return "\n".join(
        (
            "set -e",
            f"cd {shlex.quote(places.applied)}",
            f"rm -f {EARLIER}.json",
            f"for f in tar new json; do if [ -f {PENDING}.$f ]; then mv -f {PENDING}.$f {EARLIER}.$f; fi; done",
        )
    )


def restore(places: Places, kept: str) -> str:
    """Back to what was `kept`, once: files as they were, new ones gone."""
    return "\n".join(
        (
            "set -e",
            f"cd {shlex.quote(places.applied)}",
            f'while IFS= read -r f; do if [ -n "$f" ]; then rm -f -- "$f"; fi; done < {kept}.new',
            f"tar -xpf {kept}.tar -P",
            f"if [ -f {kept}.json ]; then mv -f {kept}.json manifest.json; else rm -f manifest.json; fi",
            f"rm -f {kept}.tar {kept}.new",
        )
    )


def last_change(places: Places) -> str:
    """Which files a rollback would touch, one a line; code 3 where there is nothing to go back to."""
    return (
        f"cd {shlex.quote(places.applied)} 2>/dev/null && [ -f {EARLIER}.tar ] || exit 3\n"
        f"tar -tPf {EARLIER}.tar; cat {EARLIER}.new; echo; cat manifest.json 2>/dev/null; echo; cat {EARLIER}.json 2>/dev/null; true"
    )
