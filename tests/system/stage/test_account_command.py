"""`hauberk account` against servers that run: what it says is true at once, for logins, sessions, submission and delivery."""

import imaplib
import json
import smtplib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hauberk.cli.main import app
from hauberk.system.declaration import Role
from hauberk.system.stage import play
from hauberk.system.stage.play import Person
from system.playing import Playing, letter

PARTNER = "paula@partner.test"
SECRET = "frank-found-a-new-job-2026"


def account(playing: Playing, *arguments: str, given: str = "", code: int = 0) -> str:
    """The command, in this process: a new one for each would be most of the time that this takes."""
    stage = playing.stage
    options = ("--declaration", str(stage.declaration_file), "--root", str(stage.folder))
    done = CliRunner().invoke(app, ["account", *arguments, *options], input=given)
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout if code == 0 else done.output


def row(playing: Playing, login: str) -> dict[str, object]:
    """What the list says of an account."""
    rows: list[dict[str, object]] = json.loads(account(playing, "list", "--format", "json"))
    return next(one for one in rows if one["login"] == login)


@pytest.fixture
def frank(playing: Playing, request: pytest.FixtureRequest) -> Person:
    """Somebody new, opened by the command; each test has its own."""
    login = f"frank{abs(hash(request.node.name)) % 10**8}@corp.test"
    account(playing, "add", login, "--name", "Frank Fowler", "--password-file", "-", given=f"{SECRET}\n")
    return Person(login, "Frank Fowler", SECRET)


def recipient(playing: Playing, address: str) -> int:
    """The MTA's answer to RCPT."""
    with playing.smtp() as session:
        session.ehlo()
        session.mail(PARTNER)
        return session.rcpt(address)[0]


def test_a_new_account_works_at_once(playing: Playing, frank: Person) -> None:
    sent = letter(PARTNER, frank.login)
    with playing.smtp() as session:
        session.send_message(sent, PARTNER, [frank.login])
    assert playing.read(frank, sent)["Delivered-To"] == frank.login
    with playing.submission(frank) as session:
        session.send_message(letter(frank.login, play.BOB.login))


def test_an_app_password_opens_what_the_password_opens_and_is_stored_nowhere(playing: Playing, frank: Person) -> None:
    secret = account(playing, "app-password", frank.login, "telephone").strip()
    with playing.imap(frank, secret), playing.submission(frank, secret):
        pass
    held = Path(playing.stage.props.places[Role.MDA].accounts).read_bytes()
    assert secret.encode() not in held and SECRET.encode() not in held
    account(playing, "app-password", frank.login, "telephone", "--remove")
    with pytest.raises(imaplib.IMAP4.error), playing.imap(frank, secret):
        pass


def test_an_alias_receives_and_its_owner_may_write_as_it(playing: Playing, frank: Person) -> None:
    alias = frank.login.replace("frank", "fowler")
    assert recipient(playing, alias) == 550
    account(playing, "alias", alias, frank.login)
    assert recipient(playing, alias) == 250
    sent = letter(alias, play.BOB.login)
    with playing.submission(frank) as session:
        session.send_message(sent)
    account(playing, "alias", alias, frank.login, "--remove")
    assert recipient(playing, alias) == 550
    with playing.submission(frank) as session, pytest.raises(smtplib.SMTPException):
        session.send_message(letter(alias, play.BOB.login))


def test_whoever_leaves_is_out_with_sessions_open_and_all(playing: Playing, frank: Person) -> None:
    alias = frank.login.replace("frank", "left")
    account(playing, "alias", alias, frank.login)
    secret = account(playing, "app-password", frank.login, "laptop").strip()
    with playing.imap(frank) as reading, playing.submission(frank) as writing:
        reading.noop()
        account(playing, "deactivate", frank.login)
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            reading.noop()
            reading.noop()
        with pytest.raises(smtplib.SMTPException):
            writing.send_message(letter(frank.login, play.BOB.login))
    assert recipient(playing, frank.login) == recipient(playing, alias) == 550
    with pytest.raises(imaplib.IMAP4.error), playing.imap(frank, secret):  # one only: Dovecot lets each failure wait longer than the last
        pass
    account(playing, "activate", frank.login)
    assert row(playing, frank.login)["has_password"] is False
    assert row(playing, frank.login)["app_passwords"] == []


def test_the_list_says_who_is_who(playing: Playing) -> None:
    assert row(playing, play.ALICE.login)["state"] == "active"
    assert row(playing, play.ERIN.login)["state"] == "deactivated" and row(playing, play.CAROL.login)["state"] == "suspended"
    assert f"{play.ALICE.login} " in account(playing, "list")


@pytest.mark.parametrize(
    ("arguments", "given", "said"),
    [
        (("add", "someone@elsewhere.test"), "", "not in a declared domain"),
        (("add", "alice@corp.test"), "", "already"),
        (("add", "no address"), "", "is no address"),
        (("add", "weak@corp.test", "--password-file", "-"), "short\n", "at least 12 characters"),
        (("deactivate", "nobody@corp.test"), "", "there is no account nobody@corp.test"),
        (("alias", "bob@corp.test", "alice@corp.test"), "", "is an account"),
        (("alias", "out@corp.test", "x@example.com", "--outside"), "", "does not allow forwarding"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(playing: Playing, arguments: tuple[str, ...], given: str, said: str) -> None:
    assert said in account(playing, *arguments, given=given, code=2)
