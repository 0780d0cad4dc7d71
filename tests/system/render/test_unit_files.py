"""systemd itself reads every unit that is rendered, and finds nothing to say (systemd-analyze(1))."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from hauberk.system.declaration import Role
from hauberk.system.places import Places
from hauberk.system.render.host import render
from hauberk.system.tree import RenderedFile
from system.render import rendered


def units(role: Role) -> list[RenderedFile]:
    """With a program in place of ours, which is not in /opt/hauberk here."""
    places = Places(python="/bin/true")
    return [one for one in render(rendered.large(), rendered.material(), role, places).files if one.path.startswith(places.systemd)]


@pytest.mark.parametrize("role", [Role.MTA, Role.MDA])
def test_systemd_has_nothing_to_say_about_any_unit(role: Role, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    found = [one for one in units(role) if ".service.d/" not in one.path]
    assert len(found) >= 3
    for one in found:
        (tmp_path / Path(one.path).name).write_bytes(one.content)
    paths = [str(tmp_path / Path(one.path).name) for one in found]
    environment = {**os.environ, "SYSTEMD_LOG_LEVEL": "warning", "SYSTEMD_UNIT_PATH": f"{tmp_path}:/lib/systemd/system"}
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *paths], capture_output=True, text=True, env=environment, timeout=60)
    about_ours = [line for line in done.stderr.splitlines() if any(Path(one).name in line for one in paths)]
    assert (done.returncode, about_ours) == (0, []), done.stderr


def test_a_setting_that_systemd_does_not_know_is_noticed(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    gateway = next(one for one in units(Role.MTA) if one.path.endswith("hauberk-gateway.service"))
    unit = tmp_path / "hauberk-gateway.service"
    unit.write_bytes(gateway.content.replace(b"ProtectHome=yes", b"ProtectTheHome=yes"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, timeout=60)
    assert "ProtectTheHome" in done.stderr
