"""The same mail system with its accounts in PostgreSQL: Postfix, Dovecot and the gateway ask it over its socket."""

import smtplib
from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hauberk.system.accounts.account import State
from hauberk.system.declaration import AccountSource, Declaration, Role, SourceKind
from hauberk.system.stage import namespaces
from hauberk.system.stage.play import ALICE, BOB, DAVE
from store import real_postgresql
from system.playing import Playing, letter, played

PARTNER = "paula@partner.test"


@pytest.fixture(scope="module")
def playing() -> Generator[Playing]:
    if reason := namespaces.obstacle() or real_postgresql.why_not():
        pytest.skip(reason)
    with real_postgresql.server("stage") as server:
        server.sql(f"CREATE DATABASE mail OWNER {real_postgresql.OWNER}")
        folder: Path = server.data.parent
        (folder / ".s.PGSQL.5432").symlink_to(folder / f".s.PGSQL.{server.port}")  # Postfix knows no other port for a socket
        where = f"postgresql://{real_postgresql.OWNER}@/mail?host={folder}"

        def declare(declared: Declaration) -> Declaration:
            return replace(declared, accounts=AccountSource(SourceKind.POSTGRESQL, where))

        with played(declare) as made:
            yield made


def test_people_sign_in_send_and_receive(playing: Playing) -> None:
    sent = letter(BOB.login, ALICE.aliases[0])
    with playing.submission(BOB) as session:
        session.send_message(sent)
    assert playing.read(ALICE, sent)["Delivered-To"] == ALICE.login
    assert not Path(playing.stage.props.places[Role.MDA].accounts).exists()


def test_nobody_writes_as_somebody_else_and_a_leaver_is_out(playing: Playing) -> None:
    with playing.submission(BOB) as session, pytest.raises(smtplib.SMTPException):
        session.send_message(letter(ALICE.login, PARTNER), BOB.login)
    playing.do(playing.stage.set_state(DAVE.login, State.DEACTIVATED, datetime.now(UTC)))
    with pytest.raises(smtplib.SMTPAuthenticationError), playing.submission(DAVE):
        pass
    with playing.smtp() as session:
        session.ehlo()
        session.mail(PARTNER)
        assert session.rcpt(DAVE.login)[0] == 550
