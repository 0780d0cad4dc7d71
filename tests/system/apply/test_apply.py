"""Apply on this machine, through pyinfra, below a folder: what differs, what a component refuses, and the way back."""

import dataclasses
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from hauberk.system.apply.changes import Kind, described
from hauberk.system.apply.deploy import RefusedError, compare, put, roll_back
from hauberk.system.apply.machine import Machine, MachineError, machine
from hauberk.system.apply.site import Site
from hauberk.system.declaration import Declaration, Role
from hauberk.system.places import Places
from hauberk.system.render.host import render
from hauberk.system.tree import Component
from lab.ports import free_port
from system.render import rendered

pytestmark = pytest.mark.filterwarnings("default")  # what pyinfra's own libraries warn of is not ours to mend


@pytest.fixture
def on() -> Generator[Machine]:
    if os.geteuid() != 0:
        pytest.skip("the files of a host belong to several users, and only root can give them away")
    for program in ("postfix", "rspamadm", "clamconf", "unbound-checkconf", "nft"):
        if shutil.which(program) is None:
            pytest.skip(f"the program {program} is not installed")
    if not Path("/usr/share/dns/root.key").exists():
        pytest.skip("the package dns-root-data is not installed")
    with machine("this machine", "") as connected:
        yield connected


def declared() -> Declaration:
    small = rendered.small()
    return dataclasses.replace(small, dns=dataclasses.replace(small.dns, trust_anchor="", root_hints=""))


# Whose checkers are quick; the command's own test has the others.
QUICK = (Component.NFTABLES, Component.UNBOUND, Component.CLAMAV, Component.POSTFIX, Component.POSTSRSD)


def site(declaration: Declaration, root: Path, components: tuple[Component, ...] = QUICK) -> Site:
    places = Places.under(str(root), sys.executable)
    whole = render(declaration, rendered.material(), Role.MTA, places)
    files = tuple(one for one in whole.files if one.component in components)
    return Site(Role.MTA, "mx1", "", places, dataclasses.replace(whole, files=files))


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """All files but those that apply keeps for itself."""
    return {
        str(path): (path.read_bytes(), path.stat().st_mode) for path in root.rglob("*") if path.is_file() and "/state/" not in str(path)
    }


def quiet(line: str) -> None:
    del line


def test_apply_is_one_step_forward_and_rollback_one_back(on: Machine, tmp_path: Path) -> None:
    first = site(declared(), tmp_path)
    put(first, compare(first, on), on, quiet)
    assert set(snapshot(tmp_path)) == {one.path for one in first.tree.files}
    assert compare(first, on) == ()
    before = snapshot(tmp_path)

    policy = dataclasses.replace(declared().policy, forwarding=True, message_octets=1_000_000)
    second = site(dataclasses.replace(declared(), policy=policy), tmp_path)
    found = compare(second, on)
    assert {Path(one.path).name for one in found if one.kind is Kind.ADD} == {"postsrsd", "srs.secret"}
    assert {one.component for one in found} == {
        Component.POSTFIX, Component.CLAMAV, Component.POSTSRSD,
    }  # fmt: skip
    shown = "\n".join(line for one in found for line in described(one))
    assert "+message_size_limit = 1000000" in shown
    assert rendered.material().srs_secret not in shown
    put(second, found, on, quiet)
    assert compare(second, on) == ()

    assert set(roll_back(second, on, quiet)) == {one.path for one in found}
    assert snapshot(tmp_path) == before
    assert compare(first, on) == ()
    with pytest.raises(MachineError, match="no earlier tree"):
        roll_back(second, on, quiet)


def test_the_way_back_from_the_first_apply_leaves_nothing(on: Machine, tmp_path: Path) -> None:
    first = site(declared(), tmp_path, (Component.NFTABLES,))
    put(first, compare(first, on), on, quiet)
    assert snapshot(tmp_path)
    assert roll_back(first, on, quiet) == tuple(one.path for one in first.tree.files)
    assert snapshot(tmp_path) == {}


def test_what_a_component_refuses_is_undone_and_the_way_back_stays(on: Machine, tmp_path: Path) -> None:
    first = site(declared(), tmp_path)
    put(first, compare(first, on), on, quiet)
    policy = dataclasses.replace(declared().policy, message_octets=2_000_000)
    second = site(dataclasses.replace(declared(), policy=policy), tmp_path)
    put(second, compare(second, on), on, quiet)
    before = snapshot(tmp_path)

    wrong = tuple(
        dataclasses.replace(one, content=b"server:\n  no-such-setting: 1\n") if one.path.endswith("unbound.conf") else one
        for one in second.tree.files
    )
    third = dataclasses.replace(second, tree=dataclasses.replace(second.tree, files=wrong))
    with pytest.raises(RefusedError, match="unbound refuses its new configuration"):
        put(third, compare(third, on), on, quiet)
    assert snapshot(tmp_path) == before
    assert roll_back(second, on, quiet)
    assert compare(first, on) == ()


def test_a_file_that_somebody_changed_is_put_right_and_one_that_is_not_wanted_any_more_goes(on: Machine, tmp_path: Path) -> None:
    forwarding = dataclasses.replace(declared(), policy=dataclasses.replace(declared().policy, forwarding=True))
    first = site(forwarding, tmp_path)
    put(first, compare(first, on), on, quiet)
    main, stranger = tmp_path / "postfix/main.cf", tmp_path / "postfix/own.cf"
    main.write_text(main.read_text().replace("smtpd_forbid_bare_newline = reject", "smtpd_forbid_bare_newline = no"))
    (tmp_path / "hauberk/srs.secret").chmod(0o644)
    stranger.write_text("not ours")
    found = {Path(one.path).name: one for one in compare(first, on)}
    assert {name: one.kind for name, one in found.items()} == {"main.cf": Kind.CHANGE, "srs.secret": Kind.OWN}
    assert any("+smtpd_forbid_bare_newline = reject" in line for line in described(found["main.cf"]))

    without = site(declared(), tmp_path)
    put(without, compare(without, on), on, quiet)
    assert "smtpd_forbid_bare_newline = reject" in main.read_text()
    assert not (tmp_path / "hauberk/srs.secret").exists()
    assert stranger.read_text() == "not ours"


def test_a_name_with_quotes_in_it_is_a_name_and_no_command(on: Machine, tmp_path: Path) -> None:
    root = tmp_path / 'it\'s $(touch gone); "quoted"'
    tree = render(declared(), rendered.material(), Role.FIREWALL, Places.under(str(root)))
    wicked = Site(Role.FIREWALL, "fw", "", Places.under(str(root)), tree)
    put(wicked, compare(wicked, on), on, quiet)
    assert compare(wicked, on) == ()
    assert not list(tmp_path.rglob("gone"))


def test_a_host_that_is_not_there_is_named() -> None:
    with pytest.raises(MachineError, match=r"mx1: cannot be reached as root@127\.0\.0\.1"), machine("mx1", "root@127.0.0.1:1"):
        pass


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """An sshd of our own on loopback that knows one key; how it is reached."""
    server = shutil.which("sshd") or "/usr/sbin/sshd"
    if os.geteuid() != 0 or not Path(server).exists():
        pytest.skip("sshd wants root and the package openssh-server")
    folder = tmp_path / ".ssh"
    folder.mkdir(0o700)
    for name in ("id_ed25519", "host"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = free_port()
    settings = {
        "Port": port, "ListenAddress": "127.0.0.1", "HostKey": folder / "host", "AuthorizedKeysFile": folder / "id_ed25519.pub",
        "PidFile": folder / "pid", "StrictModes": "no", "UsePAM": "no", "PermitRootLogin": "prohibit-password",
        "Subsystem": "sftp internal-sftp",
    }  # fmt: skip
    (folder / "sshd_config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    Path("/run/sshd").mkdir(exist_ok=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    child = subprocess.Popen([server, "-D", "-E", folder / "log", "-f", folder / "sshd_config"])
    try:
        _listening(port)
        yield f"root@127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(10)


def _listening(port: int) -> None:
    for _ in range(100):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("sshd does not listen")


def test_over_ssh_it_is_the_same_once_the_host_is_known(ssh: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(tmp_path / ".ssh", tmp_path / "stranger/.ssh")
    name, _, port = ssh.rpartition("@")[2].partition(":")
    (tmp_path / ".ssh/known_hosts").write_text(f"[{name}]:{port} {(tmp_path / '.ssh/host.pub').read_text()}")
    monkeypatch.setenv("HOME", str(tmp_path / "stranger"))
    with pytest.raises(MachineError, match=r"mx1: cannot be reached.*No host key"), machine("mx1", ssh):
        pass
    monkeypatch.setenv("HOME", str(tmp_path))
    first = site(declared(), tmp_path / "mx1", (Component.NFTABLES, Component.POSTSRSD))
    with machine("mx1", ssh) as on:
        found = compare(first, on)
        assert len(found) == len(first.tree.files)
        put(first, found, on, quiet)
        assert compare(first, on) == ()
    assert set(snapshot(tmp_path / "mx1")) == {one.path for one in first.tree.files}
