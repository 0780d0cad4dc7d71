"""An alias that leads outside: the sender is rewritten (SRS), the message sealed (ARC), and a bounce finds its way back."""

import dataclasses
import re
import shutil
from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from hauberk.system.accounts.account import Alias
from hauberk.system.declaration import Declaration
from hauberk.system.stage import namespaces
from system.playing import Playing, letter, played

AWAY = "away@corp.test"
SENDER, TARGET = "paula@partner.test", "peter@partner.test"


def declare(declared: Declaration) -> Declaration:
    return dataclasses.replace(declared, policy=dataclasses.replace(declared.policy, forwarding=True))


@pytest.fixture(scope="module")
def playing() -> Generator[Playing]:
    if reason := namespaces.obstacle() or ("" if shutil.which("postsrsd") else "the package postsrsd is not installed"):
        pytest.skip(reason)
    with played(declare) as made:
        made.do(made.stage.directory.add_alias(Alias(AWAY, TARGET), datetime.now(UTC), outside=True))
        made.do(made.stage.push())
        yield made


@pytest.fixture(scope="module")
def rewritten(playing: Playing) -> str:
    """The envelope sender under which a message was passed on."""
    sent = letter(SENDER, AWAY)
    with playing.smtp() as session:
        session.send_message(sent, SENDER, [AWAY])
    arrived = playing.sunk(TARGET, sent)
    assert "d=corp.test" in str(arrived["ARC-Seal"])
    assert "spf=pass" in str(arrived["ARC-Authentication-Results"])
    assert arrived["From"] == SENDER
    return str(arrived["Return-Path"]).strip("<>")


def test_what_is_passed_on_leaves_under_an_address_of_ours(rewritten: str) -> None:
    assert re.fullmatch(r"SRS0=[A-Za-z0-9+/]{8}=[A-Z2-7]{2}=partner\.test=paula@corp\.test", rewritten)


def test_a_bounce_finds_the_sender(playing: Playing, rewritten: str) -> None:
    bounce = letter("paula@partner.test", rewritten, Subject="Undelivered Mail Returned to Sender")
    with playing.smtp() as session:
        session.send_message(bounce, "", [rewritten])
    assert playing.sunk(SENDER, bounce)["Subject"] == "Undelivered Mail Returned to Sender"


@pytest.mark.parametrize("change", [("partner.test", "evil.test"), ("=paula@", "=petra@"), ("SRS0=", "SRS0=x")])
def test_an_address_that_we_did_not_write_is_no_way_out(playing: Playing, rewritten: str, change: tuple[str, str]) -> None:
    forged = rewritten.replace(*change)
    assert forged != rewritten
    with playing.smtp() as session:
        session.ehlo()
        session.mail("")
        assert session.rcpt(forged)[0] in (550, 554)


def test_who_is_inside_is_not_rewritten(playing: Playing) -> None:
    from hauberk.system.stage.play import ALICE

    sent = letter(ALICE.login, TARGET)
    with playing.submission(ALICE) as session:
        session.send_message(sent)
    assert playing.sunk(TARGET, sent)["Return-Path"] == f"<{ALICE.login}>"
