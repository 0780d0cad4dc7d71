"""One host, one step: look, compare, put in place, check, tell. What a checker refuses is undone before anybody was told."""

import base64
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from hauberk.system.apply import script, services
from hauberk.system.apply.changes import Change, Kind, Present, changes, components
from hauberk.system.apply.machine import Machine, MachineError, User
from hauberk.system.apply.site import Site
from hauberk.system.declaration import Role
from hauberk.system.tree import Component

Say = Callable[[str], None]


class RefusedError(Exception):
    """A component's own checker refuses what was put in place; the files from before are back. The message is the checker's."""


def compare(site: Site, on: Machine) -> tuple[Change, ...]:
    """What an apply would change, with the content that is there now."""
    text = on.must(script.look((one.path for one in site.tree.files), site.places), "looking at what is there")
    listed, _, manifest = text.partition("\n\n")
    present, managed = dict(_present(listed)), _manifest(manifest)
    gone = [path for path in managed if path not in {one.path for one in site.tree.files}]
    if gone:
        present |= dict(_present(on.must(script.look(gone, site.places), "looking at what is there").partition("\n\n")[0]))
    found = changes(site.tree, present, managed)
    return _with_contents(found, on)


def _present(text: str) -> Iterator[tuple[str, Present]]:
    for line in text.splitlines():
        if line.strip():
            mode, name, number, digest, path = line.split(" ", 4)
            yield path, Present(digest, int(mode, 8), (name, number))


def _manifest(text: str) -> dict[str, Component]:
    """An unreadable manifest is none: then nothing is ever removed."""
    try:
        rows: object = json.loads(text) if text.strip() else {}
    except json.JSONDecodeError:
        return {}
    known = {one.value: one for one in Component}
    if not isinstance(rows, dict):
        return {}
    found = cast(Mapping[str, Mapping[str, str]], rows)
    return {path: known.get(str(row.get("component", "")), Component.SYSTEM) for path, row in found.items()}


def _with_contents(found: tuple[Change, ...], on: Machine) -> tuple[Change, ...]:
    """Secrets stay where they are."""
    wanted = [one.path for one in found if one.kind is Kind.CHANGE and one.wanted and not one.wanted.secret]
    if not wanted:
        return found
    contents: dict[str, bytes] = {}
    for line in on.must(script.fetch(wanted), "reading what is there").splitlines():
        encoded, _, path = line.partition(" ")
        contents[path] = base64.b64decode(encoded)
    return tuple(
        replace(one, before=replace(one.before, content=contents[one.path])) if one.before and one.path in contents else one
        for one in found
    )


def put(site: Site, found: tuple[Change, ...], on: Machine, say: Say) -> None:
    """Make the changes. Raises `MachineError`, or `RefusedError` after everything has been put back."""
    if site.places.installed:
        _prerequisites(site, on, say)
        found = compare(site, on)  # a package brings files of its own, which a way back has to bring back
    on.must(script.folders(site.tree.folders), "making folders")
    on.must(script.prepare(site.places), "preparing")
    on.put(f"{site.places.applied}/incoming/files.tar", _bundle(site, found))
    on.must(script.swap(found, site.places), "putting files in place")
    gone = _gone(found)
    concerned = tuple(one for one in components(found) if one not in gone)
    try:
        _check(site, concerned, on, say)
    except RefusedError:
        on.must(script.restore(site.places, script.PENDING), "putting the earlier files back")
        raise
    on.must(script.settle(site.places), "keeping the earlier files")
    _end(site, gone, on, say)
    _tell(site, found, concerned, on, say)


def _gone(found: tuple[Change, ...]) -> tuple[Component, ...]:
    """Components of which nothing is wanted any more and something was there. What is taken from them is their settings."""
    wanted = {one.component for one in found if one.kind is not Kind.REMOVE}
    return tuple(one for one in components(found) if one not in wanted and one in services.OPTIONAL)


def _end(site: Site, ending: tuple[Component, ...], on: Machine, say: Say) -> None:
    for component in ending if site.places.installed else ():
        on.must(services.withdraw(component), f"ending {component.value}")
        say(f"{site.name}: {component.value} ended")


def _bundle(site: Site, found: tuple[Change, ...]) -> bytes:
    """What the host needs, as one file: over SSH every file of its own would be several round trips."""
    wanted = {str(number): one.wanted.content for number, one in enumerate(found) if one.wanted is not None}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as bundle:
        for name, content in {**wanted, "manifest": site.tree.manifest().encode()}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o600
            bundle.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def roll_back(site: Site, on: Machine, say: Say) -> tuple[str, ...]:
    """Back to before the last apply; the paths that changed. Raises `MachineError`."""
    ran = on.run(script.last_change(site.places))
    if not ran.fine:
        raise MachineError(f"{site.name}: there is no earlier tree to go back to")
    touched, _, manifests = ran.text.partition("\n\n")
    paths = tuple(line for line in touched.splitlines() if line)
    current, _, previous = manifests.partition("\n\n")
    earlier = _manifest(previous)
    known = {**earlier, **_manifest(current)}
    found = tuple(Change(Kind.CHANGE, path, known.get(path, Component.SYSTEM), None) for path in paths)
    concerned = components(found)
    kept = tuple(one for one in concerned if one in earlier.values())
    first = tuple(one for one in concerned if one not in kept)  # of which there was nothing of ours before
    _end(site, tuple(one for one in first if services.brings_unit(one)), on, say)
    on.must(script.restore(site.places, script.EARLIER), "putting the earlier files back")
    _check(site, kept, on, say)
    for component in first if site.places.installed else ():
        on.must(services.as_packaged(component), f"telling {component.value}")
        say(f"{site.name}: {component.value} as its package brought it")
    _tell(site, found, kept, on, say)
    return paths


def _prerequisites(site: Site, on: Machine, say: Say) -> None:
    """Packages, users, and this program itself: nothing of it is there on a fresh host."""
    say(f"{site.name}: packages and users")
    users = [User("hauberk", site.places.hauberk_data)] if site.role is not Role.FIREWALL else []
    users += [User("vmail", site.places.mail, 5000)] if site.role is Role.MDA else []
    on.prepare(services.packages(site.role, {one.component for one in site.tree.files}), users)
    if site.role is not Role.FIREWALL:
        on.must(f"{site.places.python} -c 'import hauberk'", f"looking for hauberk at {site.places.python}: install it there first; it")


def _check(site: Site, concerned: tuple[Component, ...], on: Machine, say: Say) -> None:
    for component in concerned:
        command, program = services.check(component, site.places), services.program(component)
        if not command or (program and not on.run(f"command -v {program}").fine):
            continue
        ran = on.run(command)
        if not ran.fine:
            said = f"{ran.text}\n{ran.complaint}".strip()
            raise RefusedError(
                f"{site.name}: {component.value} refuses its new configuration; the files from before are back\n{said[-2000:]}"
            )
        say(f"{site.name}: {component.value} is content with its configuration")


def _tell(site: Site, found: tuple[Change, ...], concerned: tuple[Component, ...], on: Machine, say: Say) -> None:
    for component in concerned:
        if not site.places.installed:
            say(f"{site.name}: {component.value} has to be told (below a folder of its own nothing is started or reloaded)")
            continue
        on.must(services.reload(component, found), f"reloading {component.value}")
        say(f"{site.name}: {component.value} reloaded")
    if site.places.installed and concerned:
        for line in on.run(services.running(concerned)).text.splitlines():
            say(f"{site.name}: {line}")
