"""Who may write as whom: the addresses of a field read strictly, and the directory asked about each."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.system.gateway import ownership
from hauberk.system.gateway.addresses import Mailbox, NotAddresses, addresses_shown, mailboxes
from hauberk.system.gateway.config import DirectoryKind, SenderDirectory
from hauberk.system.gateway.directory import directory, owns
from hauberk.system.gateway.message import Message, Refuse
from hauberk.system.gateway.milter import HeaderField
from store.real_postgresql import OWNER, Server


@pytest.mark.parametrize(
    ("value", "expected"),
    (
        (b"a@b.test", (Mailbox("", "a@b.test"),)),
        (b" Ann B. <a@B.Test> ", (Mailbox("Ann B.", "a@b.test"),)),
        (b'"B, Ann" <a@b.test>,\n\tc@d.test (see (this))', (Mailbox("B, Ann", "a@b.test"), Mailbox("", "c@d.test"))),
        (b'"\\"q\\" x" <"a b"@b.test>', (Mailbox('"q" x', '"a b"@b.test'),)),
        (b'"a"@b.test', (Mailbox("", "a@b.test"),)),
        (b"=?utf-8?q?J=C3=BCrgen?= <a@b.test>", (Mailbox("Jürgen", "a@b.test"),)),
        ("Jürgen <jürgen@b.test>".encode(), (Mailbox("Jürgen", "jürgen@b.test"),)),
        (b"(c) a@b.test (d)", (Mailbox("", "a@b.test"),)),
    ),
)
def test_mailboxes_are_read(value: bytes, expected: tuple[Mailbox, ...]) -> None:
    assert mailboxes(value) == expected


@pytest.mark.parametrize(
    "value",
    (
        *(b"", b",", b"a@b.test,", b"a", b"a@", b"@b.test", b"<a@b.test", b"a@b.test>", b"a@b.test <c@d.test>", b"a @b.test", b"a@ b.test"),
        *(b"group: a@b.test;", b"<@r.test:a@b.test>", b"a@[192.0.2.1]", b"a..b@c.test", b".a@b.test", b"a@b.test (open", b"a@b.test) x"),
        *(
            b"\xff <a@b.test>",
            b"a@b.test\0",
            b"a@b.test; c@d.test",
            b"<a@b.test> <c@d.test>",
            b'"open <a@b.test>',
            "bo\u200bb@b.test".encode(),
            "\u202ebob@b.test".encode(),
            b"a@b.test\r\nX: y",
        ),
        *(b",".join([b"a@b.test"] * 51), b"(" * 30_000),
        b"=?utf-8?q?a" * 60 + b" <a@b.test>",
    ),
)
def test_what_programs_could_read_differently_is_no_address(value: bytes) -> None:
    with pytest.raises(NotAddresses):
        mailboxes(value)


@given(st.one_of(st.binary(max_size=60), st.text('a@b.<>()",;: \\"\n\t', max_size=40).map(str.encode)))
def test_any_octets_are_mailboxes_or_not(value: bytes) -> None:
    try:
        found = mailboxes(value)
    except NotAddresses:
        return
    assert found and all(one.address.count("@") >= 1 and "\n" not in one.address for one in found)


LOCAL = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9]+){0,2}", fullmatch=True)
NAME = st.text(st.characters(codec="utf-8", exclude_characters='"\\=?\r\n\0', exclude_categories=("Cc", "Cs")), max_size=12)


@given(st.lists(st.tuples(NAME, LOCAL), min_size=1, max_size=5))
def test_what_is_written_is_what_is_read(people: list[tuple[str, str]]) -> None:
    written = ", ".join(f'"{name}" <{local}@x.test>' for name, local in people)
    assert [(one.name, one.address) for one in mailboxes(written.encode())] == [(name, f"{local}@x.test") for name, local in people]


def test_addresses_in_a_name_are_seen() -> None:
    assert addresses_shown("'boss@corp.test' via x") == ("boss@corp.test",)
    assert addresses_shown("boss@corp.test, (me@x.test)") == ("boss@corp.test", "me@x.test") and addresses_shown("Ann @ work") == ()


def sqlite_directory(folder: Path) -> SenderDirectory:
    path = folder / "accounts ?&.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mail_senders (address TEXT, login TEXT)")
        rows = (("alice@corp.test", "alice@corp.test"), ("office@corp.test", "alice@corp.test"), ("office@corp.test", "bob@corp.test"))
        database.executemany("INSERT INTO mail_senders VALUES (?, ?)", (*rows, ("alice+x@corp.test", "bob@corp.test")))
    database.close()
    return SenderDirectory(DirectoryKind.SQLITE, str(path), "SELECT login FROM mail_senders WHERE address = ?")


def file_directory(folder: Path) -> SenderDirectory:
    path = folder / "owners"
    path.write_text(
        "# who\nalice@corp.test alice@corp.test\nOffice@corp.test alice@corp.test, bob@corp.test # both\nalice+x@corp.test bob@corp.test\n"
    )
    return SenderDirectory(DirectoryKind.FILE, str(path))


@pytest.mark.parametrize("make", (sqlite_directory, file_directory))
def test_each_kind_of_directory_gives_the_same_answers(tmp_path: Path, make: Callable[[Path], SenderDirectory]) -> None:
    asked = directory(make(tmp_path))

    def may(login: str, address: str) -> bool:
        return asyncio.run(owns(asked, login, address))

    assert may("alice@corp.test", "alice@corp.test") and may("Alice@corp.test", "ALICE@corp.test")
    assert may("alice@corp.test", "office@corp.test") and may("bob@corp.test", "office@corp.test")
    assert may("alice@corp.test", "alice+news@corp.test")
    assert may("bob@corp.test", "alice+x@corp.test") and not may("alice@corp.test", "alice+x@corp.test")
    assert (
        not may("bob@corp.test", "alice@corp.test") and not may("", "nobody@corp.test") and not may("bob@corp.test", "' OR 1 --@corp.test")
    )


def test_a_directory_in_postgresql_gives_the_same_answers(postgresql: Server, tmp_path: Path) -> None:
    postgresql.sql(f"CREATE DATABASE senders OWNER {OWNER}")
    rows = "('alice@corp.test', 'alice@corp.test'), ('office@corp.test', 'alice@corp.test'), ('office@corp.test', 'bob@corp.test')"
    postgresql.sql("CREATE TABLE mail_senders (address text, login text)", "senders", OWNER)
    postgresql.sql(f"INSERT INTO mail_senders VALUES {rows}", "senders", OWNER)
    (tmp_path / "password").write_text("not asked for on loopback\n")
    query = "SELECT login FROM mail_senders WHERE address = $1"

    async def ask() -> tuple[bool, bool, bool]:
        asked = directory(SenderDirectory(DirectoryKind.POSTGRESQL, postgresql.url("senders"), query, str(tmp_path / "password")))
        try:
            return (
                await owns(asked, "bob@corp.test", "Office@corp.test"),
                await owns(asked, "bob@corp.test", "alice@corp.test"),
                await owns(asked, "alice@corp.test", "alice+tag@corp.test"),
            )
        finally:
            await asked.close()

    assert asyncio.run(ask()) == (True, False, True)
    gone = directory(SenderDirectory(DirectoryKind.POSTGRESQL, "postgresql://127.0.0.1:9/senders", query))
    with pytest.raises(OSError, match="9"):
        asyncio.run(gone.logins("alice@corp.test"))


def test_a_directory_that_is_not_there_is_an_error_and_no_answer(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(sqlite3.OperationalError):
        asyncio.run(directory(SenderDirectory(DirectoryKind.SQLITE, missing, "SELECT 1 WHERE ? = ''")).logins("a@b"))
    with pytest.raises(OSError, match="missing"):
        asyncio.run(directory(SenderDirectory(DirectoryKind.FILE, missing)).logins("a@b"))
    assert not (tmp_path / "missing").exists() and not list(tmp_path.iterdir())


def checked(tmp_path: Path, *fields: tuple[str, str], login: str = "alice@corp.test", sender: str = "alice@corp.test") -> Refuse | None:
    listed = tuple(HeaderField(name.encode(), value.encode()) for name, value in fields)
    return asyncio.run(ownership.check(Message(sender, (), listed, b"", login), directory(file_directory(tmp_path))))


@pytest.mark.parametrize(
    "fields",
    (
        (("From", "alice@corp.test"),),
        (("FROM", " Alice <alice@corp.test>"), ("Sender", "office@corp.test"), ("Reply-To", "anybody@else.test")),
        (("From", "office@corp.test, alice@corp.test"),),
        (("From", '"alice@corp.test" <alice@corp.test>'),),
        (("From", "alice@corp.test"), ("Resent-From", "alice@corp.test"), ("Resent-From", "office@corp.test")),
    ),
)
def test_ones_own_names_are_fine(tmp_path: Path, fields: tuple[tuple[str, str], ...]) -> None:
    assert checked(tmp_path, *fields) is None
    assert checked(tmp_path, *fields, sender="") is None  # a receipt has the null sender (RFC 8098, 2.1)


@pytest.mark.parametrize(
    ("fields", "reason"),
    (
        ((), "no From field"),
        ((("From", "bob@corp.test"),), "bob@corp.test (From field)"),
        ((("From", "alice@corp.test"), ("from", "alice@corp.test")), "2 From fields"),
        ((("From", "alice@corp.test"), ("Sender", "bob@corp.test")), "(Sender field)"),
        ((("From", "alice@corp.test"), ("Sender", "alice@corp.test"), ("Sender", "alice@corp.test")), "2 Sender fields"),
        ((("From", "alice@corp.test"), ("Resent-From", "bob@corp.test")), "(Resent-From field)"),
        ((("From", "office@corp.test, bob@corp.test"),), "may not write as bob@corp.test"),
        ((("From", '"bob@corp.test" <alice@corp.test>'),), "shows bob@corp.test"),
        ((("From", "=?utf-8?b?Ym9iQGNvcnAudGVzdA==?= <alice@corp.test>"),), "shows bob@corp.test"),
        ((("From", "=?nonsense?b?Ym9i?= <alice@corp.test>"),), "RFC 2047"),
        ((("From", "undisclosed: ;"),), "cannot be read"),
    ),
)
def test_other_peoples_names_are_refused(tmp_path: Path, fields: tuple[tuple[str, str], ...], reason: str) -> None:
    refused = checked(tmp_path, *fields)
    assert refused is not None and reason in refused.reason


def test_nobody_and_a_foreign_envelope_are_refused(tmp_path: Path) -> None:
    own = ("From", "alice@corp.test")
    nobody, foreign = checked(tmp_path, own, login=""), checked(tmp_path, own, sender="bob@corp.test")
    assert nobody is not None and nobody.code == 530
    assert foreign is not None and "send as bob@corp.test" in foreign.reason


@pytest.mark.parametrize(
    "name", ("a" * 19_000, "a@" * 9_000, "(" * 19_000, "=?utf-8?q?a?= " * 1300, "\\" * 19_000, '"' * 19_000, "a " * 9_000)
)
def test_no_name_is_so_long_that_it_holds_up_the_others(tmp_path: Path, name: str) -> None:
    started = time.process_time()
    for value in (f"{name} <alice@corp.test>", f'"{name}" <alice@corp.test>', name):
        checked(tmp_path, ("From", value))
    assert time.process_time() - started < 2
