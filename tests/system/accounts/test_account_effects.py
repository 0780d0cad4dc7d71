"""What follows a change: the MTA is told over SSH, sessions are ended, and what could not be told is said."""

import asyncio
import sys
from pathlib import Path

import pytest

from hauberk.system.accounts import recipients
from hauberk.system.accounts.account import Alias, Recipients
from hauberk.system.accounts.effects import EffectError, Servers, push, shut_out
from hauberk.system.places import Places

KNOWN = Recipients(("alice@corp.test", "sales@corp.test"), (Alias("sales@corp.test", "alice@corp.test"),))


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that stands first on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def servers(tmp_path: Path, mta: str = "root@mx1.corp.test", copy: str = "recipients of the MTA.sqlite") -> Servers:
    return Servers(mta, str(tmp_path / copy), sys.executable, str(tmp_path / "dovecot.conf"))


def test_the_list_goes_over_ssh_to_a_path_with_spaces(programs: Path, tmp_path: Path) -> None:
    # As sshd does it: the last argument goes to a shell.
    program(programs, "ssh", f'echo "$@" >{tmp_path}/said; for last; do :; done; exec sh -c "$last"')
    asyncio.run(push(KNOWN, servers(tmp_path, "root@mx1.corp.test:2222")))
    assert recipients.read(tmp_path / "recipients of the MTA.sqlite") == KNOWN
    assert "BatchMode=yes" in (tmp_path / "said").read_text() and "-- ssh://root@mx1.corp.test:2222" in (tmp_path / "said").read_text()


def test_the_guide_ties_the_key_to_the_one_command_that_a_push_runs(programs: Path, tmp_path: Path) -> None:
    program(programs, "ssh", f'for last; do :; done; echo "$last" >{tmp_path}/said; cat >/dev/null')
    places = Places()
    asyncio.run(push(KNOWN, Servers("root@mx1.corp.test", places.recipients, places.python, "")))
    guide = (Path(__file__).parents[3] / "docs" / "user-guide.md").read_text("utf-8")
    assert f'restrict,command="{(tmp_path / "said").read_text().strip()}" ssh-ed25519' in guide


def test_without_a_way_there_the_list_is_written_here(tmp_path: Path) -> None:
    asyncio.run(push(KNOWN, servers(tmp_path, "")))
    assert recipients.read(tmp_path / "recipients of the MTA.sqlite") == KNOWN


def test_an_mta_that_cannot_be_reached_is_named(programs: Path, tmp_path: Path) -> None:
    program(programs, "ssh", "echo 'connect to host mx1.corp.test port 22: No route to host' >&2; exit 255")
    with pytest.raises(EffectError, match=r"ssh root@mx1\.corp\.test: connect to host .* No route to host"):
        asyncio.run(push(KNOWN, servers(tmp_path)))


def test_a_copy_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match="was not written"):
        asyncio.run(push(KNOWN, servers(tmp_path, "", "missing/recipients.sqlite")))


@pytest.mark.parametrize(("code", "trouble"), [(0, ""), (68, ""), (75, "doveadm: auth socket"), (1, "were not ended")])
def test_sessions_are_ended_or_it_is_said(programs: Path, tmp_path: Path, code: int, trouble: str) -> None:
    (tmp_path / "dovecot.conf").touch()
    program(programs, "doveadm", f"echo auth socket is gone >&2; exit {code}")
    if not trouble:
        asyncio.run(shut_out("alice@corp.test", servers(tmp_path)))
        return
    with pytest.raises(EffectError, match=trouble):
        asyncio.run(shut_out("alice@corp.test", servers(tmp_path)))


def test_on_a_machine_that_is_not_the_mda_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(EffectError, match=r"there is no .*dovecot\.conf on this machine"):
        asyncio.run(shut_out("alice@corp.test", servers(tmp_path)))
