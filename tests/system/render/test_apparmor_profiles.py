"""Debian 12 confines clamd, freshclam, Unbound and postsrsd by AppArmor: every path that we tell them to use, their profiles permit."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hauberk.system.declaration import Role
from hauberk.system.places import Places
from hauberk.system.render.host import render
from hauberk.system.tree import Tree
from system.render import rendered

PROFILES = Path("/etc/apparmor.d")
_RULE = re.compile(r"^\s*(?P<deny>audit deny |deny )?(?:owner )?(?P<path>/\S*) (?P<may>[rwkmlax]+),\s*$", re.MULTILINE)


def expression(pattern: str) -> str:
    """A glob of apparmor.d(5) as a regular expression."""
    signs = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")", ",": "|"}
    return "".join(signs.get(one[0], re.escape(one[0])) for one in re.finditer(r"\*\*|.", pattern))


def permits(profile: str, path: str, wanted: str) -> bool:
    """Whether the rules of a profile (what it includes is left out) permit all of `wanted` for a path."""
    rules = [(rule["deny"], rule["may"]) for rule in _RULE.finditer(profile) if re.fullmatch(expression(rule["path"]), path)]
    given = {one for deny, may in rules if not deny for one in may}
    return set(wanted) <= given - {one for deny, may in rules if deny for one in may}


def setting(tree: Tree, path: str, name: str) -> str:
    """The value of a setting, as ClamAV (`Name value`), Unbound (`name: "value"`) and postsrsd (`NAME=value`) write it."""
    found = re.search(rf'^\s*{name}(?:: |[ =])"?([^"\n]+)"?$', tree[path].content.decode(), re.MULTILINE)
    assert found is not None, f"{path} does not set {name}"
    return found[1]


def used(mta: Tree) -> Iterator[tuple[str, str, str]]:
    """Profile, path, what the daemon does there: r read, w write, k lock."""
    clamd, freshclam, unbound = "/etc/clamav/clamd.conf", "/etc/clamav/freshclam.conf", "/etc/unbound/unbound.conf"
    database = setting(mta, clamd, "DatabaseDirectory")
    yield "usr.sbin.clamd", clamd, "r"
    yield "usr.sbin.clamd", f"{database}/daily.cld", "rk"
    yield "usr.sbin.clamd", setting(mta, clamd, "LogFile"), "wk"
    yield "usr.sbin.clamd", setting(mta, clamd, "PidFile"), "w"
    yield "usr.sbin.clamd", setting(mta, clamd, "LocalSocket"), "w"
    yield "usr.bin.freshclam", freshclam, "r"
    yield "usr.bin.freshclam", setting(mta, freshclam, "NotifyClamd"), "r"
    yield "usr.bin.freshclam", setting(mta, freshclam, "UpdateLogFile"), "wk"
    yield "usr.bin.freshclam", f"{setting(mta, freshclam, 'DatabaseDirectory')}/tmp.0123/main.cvd", "rwk"
    yield "usr.bin.freshclam", setting(mta, clamd, "LocalSocket"), "rw"
    yield "usr.sbin.unbound", unbound, "r"
    yield "usr.sbin.unbound", setting(mta, unbound, "pidfile"), "w"
    yield "usr.sbin.unbound", setting(mta, unbound, "auto-trust-anchor-file"), "rw"
    yield "usr.sbin.postsrsd", setting(mta, "/etc/default/postsrsd", "SRS_SECRET"), "r"


USED = tuple(used(render(rendered.large(), rendered.material(), Role.MTA, Places())))


@pytest.mark.parametrize(("name", "path", "wanted"), USED, ids=[f"{name}-{path.rpartition('/')[2]}" for name, path, _ in USED])
def test_the_profile_permits_what_we_tell_the_daemon_to_use(name: str, path: str, wanted: str) -> None:
    if not (PROFILES / name).exists():
        pytest.skip(f"Debian's AppArmor profile {name} is not installed")
    profile = (PROFILES / name).read_text()
    assert permits(profile, path, wanted)
    assert not permits(profile, f"/srv/elsewhere{path}", wanted)


@pytest.mark.parametrize(
    ("path", "wanted", "may"),
    [("/var/log/a.log", "w", True), ("/var/log/b/a.log", "w", False), ("/run/x.pid", "w", True), ("/var/run/x.pid", "r", False),
     ("/etc/u/deep/x", "r", True), ("/etc/u/x.key", "r", False)],
)  # fmt: skip
def test_rules_are_read_as_apparmor_does(path: str, wanted: str, may: bool) -> None:
    rules = "  /var/log/* rwk,\n  /{,var/}run/x.pid w,\n  /etc/u/** r,\n  audit deny /etc/u/*.key rw,\n  capability chown,\n"
    assert permits(rules, path, wanted) is may
