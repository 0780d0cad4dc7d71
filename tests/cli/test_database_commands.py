"""`hauberk verify --chain`, `hauberk backup`, `hauberk restore`, each in a process of its own."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from cli.command import Hauberk
from hauberk.store.migration import migrate
from store.samples import keep_one_of_each, new_tenant, opened


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The default database in the folder where the command runs."""

    async def fill() -> None:
        url = f"sqlite:///{tmp_path / 'hauberk.db'}"
        await migrate(url)
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            await keep_one_of_each(session)

    asyncio.run(fill())
    return tmp_path


def test_a_chain_that_holds_and_one_that_is_broken(filled: Path) -> None:
    hauberk = Hauberk(filled)
    sound = hauberk("verify", "--chain")
    assert (sound.code, sound.err) == (0, "")
    assert sound.out.startswith("✔ acme: 5 links hold, head acme=5:")
    head = sound.out.split()[-1]
    assert hauberk("verify", "--chain", "--head", head).code == 0
    assert hauberk("verify", "--chain", "--head", head.replace("=5:", "=6:")).code == 1
    assert hauberk("verify", "--chain", "--head", "nobody=1:" + "0" * 64).code == 1
    assert hauberk("verify", "--chain", "--head", "acme").code == 2
    assert hauberk("verify", "--chain", "hauberk.db").code == 2
    connection = sqlite3.connect(filled / "hauberk.db", isolation_level=None)
    connection.execute("DROP TRIGGER assessments_no_update")
    connection.execute("UPDATE assessments SET points = 100")
    connection.close()
    broken = hauberk("verify", "--chain")
    assert (broken.code, broken.out) == (1, "✘ acme: BROKEN at link 2: the assessment 1 was changed (1 before it hold)\n")
    (said,) = json.loads(hauberk("verify", "--chain", "-f", "json").out)
    assert said["broken"] == "link 2: the assessment 1 was changed"


def test_a_backup_and_its_restoration(filled: Path) -> None:
    hauberk = Hauberk(filled)
    head = hauberk("verify", "--chain").out
    assert hauberk("backup", "monday.backup").code == 0
    again = hauberk("backup", "monday.backup")
    assert (again.code, again.out) == (2, "")
    assert "never overwritten" in again.err
    other = "sqlite:///other.db"
    assert hauberk("restore", "monday.backup", "--database", other).code == 0
    assert hauberk("verify", "--chain", "--database", other).out == head
    refused = hauberk("restore", "monday.backup", "--database", other)
    assert refused.code == 2
    assert "not empty" in refused.err
    assert hauberk("restore", "monday.backup", "--database", other, "--replace").code == 0


def test_a_database_that_is_away(tmp_path: Path) -> None:
    hauberk = Hauberk(tmp_path)
    for command in (("verify", "--chain"), ("backup", "file")):
        outcome = hauberk(*command)
        assert (outcome.code, outcome.out, outcome.err) == (3, "", "hauberk: there is no database hauberk.db\n")
    assert hauberk("backup", "file", "--database", "mysql://x/y").code == 2
    assert list(tmp_path.iterdir()) == []
