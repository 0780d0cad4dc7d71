"""The first apply on a fresh host: Debian's packages come with it, and they bring files of their own."""

import dataclasses
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from hauberk.system.apply import services
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
        self.packages: tuple[str, ...] = ()

    def run(self, command: str) -> Ran:
        if "systemctl" in command:
            self.told.append(command)
            return Ran(True, "", "")
        return self._connected.run(command)

    def put(self, path: str, content: bytes) -> None:
        self._connected.put(path, content)

    def prepare(self, packages: Iterable[str], users: Iterable[User]) -> None:
        self.packages = tuple(packages)
        self._brings.parent.mkdir(parents=True, exist_ok=True)
        self._brings.write_text(PACKAGED)


def test_a_way_back_from_the_first_apply_brings_the_packages_files_back(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("nft") is None:
        pytest.skip("only root can give the files of a host away, and nft has to check them")
    places = dataclasses.replace(Places.under(str(tmp_path), sys.executable), installed=True)
    whole = render(rendered.small(), rendered.material(), Role.MTA, places)
    rules = tuple(one for one in whole.files if one.component is Component.NFTABLES)
    site = Site(Role.MTA, "mx1", "", places, dataclasses.replace(whole, files=rules, folders=()))
    with machine("this machine", "") as connected:
        on = Fresh(connected, tmp_path / "nftables/nftables.conf")
        put(site, compare(site, on), on, lambda line: None)
        assert (tmp_path / "nftables/nftables.conf").read_bytes() == rules[0].content
        roll_back(site, on, lambda line: None)
    assert (tmp_path / "nftables/nftables.conf").read_text() == PACKAGED


def test_a_package_that_nothing_declared_wants_is_not_installed() -> None:
    assert "postsrsd" in services.packages(Role.MTA, {Component.POSTSRSD})
    assert "postsrsd" not in services.packages(Role.MTA, {Component.POSTFIX})
