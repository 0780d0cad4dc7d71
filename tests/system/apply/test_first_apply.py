"""The first apply on a fresh host: Debian's packages come with it, and they bring files of their own."""

import dataclasses
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from hauberk.system.apply import services
from hauberk.system.apply.changes import Change, Kind
from hauberk.system.apply.deploy import compare, put, roll_back
from hauberk.system.apply.machine import Machine, Ran, User, machine
from hauberk.system.apply.site import Site
from hauberk.system.declaration import Role
from hauberk.system.places import Places
from hauberk.system.render.host import render
from hauberk.system.tree import Component
from system.render import rendered

pytestmark = pytest.mark.filterwarnings("default")  # what pyinfra's own libraries warn of is not ours to mend
PACKAGED = "# What the package brings\n"


class Fresh(Machine):
    """This machine as a host on which nothing is installed yet; what would go to its systemd is kept in `told`."""

    def __init__(self, connected: Machine, brings: Path) -> None:
        self._connected = connected
        self._brings = brings
        self.told: list[str] = []
        self.fallen: tuple[str, ...] = ()
        self.packages: tuple[str, ...] = ()

    def run(self, command: str) -> Ran:
        if "is-active" in command:
            return Ran(True, "".join(f"{one} does not run: it said why\n" for one in self.fallen if f" {one}" in command), "")
        if "systemctl" in command:
            self.told.append(command)
            return Ran(True, "", "")
        return self._connected.run(command)

    def put(self, path: str, content: bytes) -> None:
        self._connected.put(path, content)

    def prepare(self, packages: Iterable[str], users: Iterable[User]) -> None:
        self.packages = tuple(packages)
        if not self._brings.exists():
            self._brings.parent.mkdir(parents=True, exist_ok=True)
            self._brings.write_text(PACKAGED)


def site(tmp_path: Path, components: tuple[Component, ...], *, forwarding: bool = False) -> Site:
    if os.geteuid() != 0 or shutil.which("nft") is None:
        pytest.skip("only root can give the files of a host away, and nft has to check them")
    places = dataclasses.replace(Places.under(str(tmp_path), sys.executable), installed=True)
    declared = rendered.small()
    declared = dataclasses.replace(declared, policy=dataclasses.replace(declared.policy, forwarding=forwarding))
    whole = render(declared, rendered.material(), Role.MTA, places)
    files = tuple(one for one in whole.files if one.component in components and one.path.startswith(str(tmp_path)))
    return Site(Role.MTA, "mx1", "", places, dataclasses.replace(whole, files=files, folders=()))


def test_a_way_back_from_the_first_apply_leaves_what_the_packages_brought(tmp_path: Path) -> None:
    """And nothing of ours: its units end while they are still there, and nobody is asked about settings that are gone."""
    first = site(tmp_path, (Component.NFTABLES, Component.MTA_STS, Component.SYSTEM))
    rules = next(one for one in first.tree.files if one.component is Component.NFTABLES)
    with machine("this machine", "") as connected:
        on = Fresh(connected, tmp_path / "nftables/nftables.conf")
        put(first, compare(first, on), on, lambda line: None)
        assert (tmp_path / "nftables/nftables.conf").read_bytes() == rules.content
        on.told.clear()
        roll_back(first, on, lambda line: None)
    assert (tmp_path / "nftables/nftables.conf").read_text() == PACKAGED
    assert on.told == [
        "systemctl disable --quiet --now hauberk-quarantine.timer",
        "systemctl disable --quiet --now hauberk-mta-sts",
        "systemctl daemon-reload && systemctl restart systemd-journald",
        "systemctl daemon-reload && systemctl restart nftables",
        "systemctl daemon-reload",
    ]


def test_a_unit_that_fell_after_it_was_told_is_named(tmp_path: Path) -> None:
    first, said = site(tmp_path, (Component.NFTABLES, Component.MTA_STS)), list[str]()
    with machine("this machine", "") as connected:
        on = Fresh(connected, tmp_path / "nftables/nftables.conf")
        on.fallen = ("hauberk-mta-sts",)
        put(first, compare(first, on), on, said.append)
    assert said[-1] == "mx1: hauberk-mta-sts does not run: it said why"


def test_a_daemon_whose_unit_changed_is_started_anew() -> None:
    """A reload would leave it with what the old unit let it do."""

    def told(path: str) -> str:
        return services.reload(Component.GATEWAY, (Change(Kind.CHANGE, path, Component.GATEWAY, None),))

    assert told("/etc/hauberk/gateway.toml").endswith("systemctl reload-or-restart hauberk-gateway")
    assert told("/etc/systemd/system/hauberk-gateway.service").endswith("systemctl restart hauberk-gateway")


def test_what_is_not_declared_any_more_ends_and_comes_back_with_the_way_back(tmp_path: Path) -> None:
    components = (Component.NFTABLES, Component.POSTSRSD)
    with machine("this machine", "") as connected:
        on = Fresh(connected, tmp_path / "nftables/nftables.conf")
        forwarding, without = site(tmp_path, components, forwarding=True), site(tmp_path, components)
        put(forwarding, compare(forwarding, on), on, lambda line: None)
        on.told.clear()
        put(without, compare(without, on), on, lambda line: None)
        assert on.told[0] == "systemctl disable --quiet --now postsrsd"
        assert not any("restart postsrsd" in one for one in on.told)
        on.told.clear()
        roll_back(without, on, lambda line: None)
        assert any("enable --quiet postsrsd" in one and "restart postsrsd" in one for one in on.told)


def test_a_package_that_nothing_declared_wants_is_not_installed() -> None:
    assert "postsrsd" in services.packages(Role.MTA, {Component.POSTSRSD})
    assert "postsrsd" not in services.packages(Role.MTA, {Component.POSTFIX})
