"""Real messages through the whole system: in, out, between colleagues, and what becomes of those that must not pass."""

import smtplib
from email.message import EmailMessage

import pytest

from hauberk.system.declaration import Role
from hauberk.system.stage import play
from hauberk.system.stage.play import ALICE, BOB, CAROL, ERIN
from system.playing import Playing, letter

PARTNER = "paula@partner.test"


def delivered_by(playing: Playing, message: EmailMessage, sender: str, recipient: str, source: str) -> None:
    with playing.smtp(source) as session:
        session.send_message(message, sender, [recipient])


@pytest.mark.parametrize("source", play.PARTNER_ADDRESSES)
def test_a_partners_letter_comes_in_over_both_protocols_and_is_read_over_imap(playing: Playing, source: str) -> None:
    sent = letter(PARTNER, ALICE.login)
    delivered_by(playing, sent, PARTNER, ALICE.login, source)
    read = playing.read(ALICE, sent)
    assert read.get_content().splitlines() == sent.get_content().splitlines()
    results = str(read["Authentication-Results"])
    assert results.startswith("mx1.corp.test") and "spf=pass" in results and "dmarc=pass" in results
    assert "LMTPS" in str(read.get_all("Received"))


def test_a_letter_to_the_partner_is_signed_and_its_way_verified_by_dane(playing: Playing) -> None:
    sent = letter(ALICE.login, PARTNER)
    with playing.submission(ALICE) as session:
        session.send_message(sent)
    got = playing.sunk(PARTNER, sent)
    (signature,) = got.get_all("DKIM-Signature", [])
    assert "d=corp.test;" in signature and f"s={playing.stage.props.material.dkim[0].selector};" in signature
    line = playing.logged(Role.MTA, f"Verified TLS connection established to {play.PARTNER_HOST}")
    assert "TLSv1.3" in line
    whole = got.as_string()
    assert not any(address in whole for address in (*play.WORKSTATION_ADDRESSES, "workstation"))


def test_colleagues_write_to_each_other_and_to_an_alias(playing: Playing) -> None:
    sent = letter(BOB.login, ALICE.aliases[0])
    with playing.submission(BOB) as session:
        session.send_message(sent)
    assert playing.read(ALICE, sent)["Delivered-To"] == ALICE.login


def test_mail_for_a_domain_whose_tlsa_record_is_wrong_waits(playing: Playing) -> None:
    address = f"wanda@{play.WRONG_TLSA}"
    sent = letter(ALICE.login, address)
    with playing.submission(ALICE) as session:
        session.send_message(sent)
    line = playing.logged(Role.MTA, f"to=<{address}>")
    assert "status=deferred" in line and "dsn=4.7.5" in line
    assert playing.in_folder(playing.stage.sink(address), sent, 0) is None


def test_where_dane_does_not_decide_mta_sts_does(playing: Playing) -> None:
    good, bad = f"stella@{play.MTA_STS}", f"bruno@{play.BROKEN_MTA_STS}"
    sent, kept = letter(ALICE.login, good), letter(ALICE.login, bad)
    with playing.submission(ALICE) as session:
        session.send_message(sent)
        session.send_message(kept)
    playing.sunk(good, sent)
    assert "TLSv1.3" in playing.logged(Role.MTA, f"Verified TLS connection established to mx.{play.MTA_STS}")
    assert "status=deferred" in playing.logged(Role.MTA, f"to=<{bad}>")
    assert playing.in_folder(playing.stage.sink(bad), kept, 0) is None


def test_a_suspended_person_still_receives(playing: Playing) -> None:
    sent = letter(PARTNER, CAROL.login)
    delivered_by(playing, sent, PARTNER, CAROL.login, play.PARTNER_ADDRESSES[0])
    assert playing.in_folder(playing.stage.mailbox(CAROL.login), sent, 20) is not None
    with pytest.raises(smtplib.SMTPAuthenticationError), playing.submission(CAROL):
        pass


@pytest.mark.parametrize("address", ["nobody@corp.test", ERIN.login, ERIN.aliases[0]])
def test_mail_for_nobody_and_for_those_who_left_is_refused_at_once(playing: Playing, address: str) -> None:
    with playing.smtp() as session:
        session.ehlo()
        assert session.mail(PARTNER)[0] == 250
        code, said = session.rcpt(address)
    assert code == 550 and b"5.1.1" in said


def test_what_the_partner_cannot_deliver_comes_back_to_the_sender(playing: Playing) -> None:
    sent = letter(ALICE.login, "paula@nowhere.partner.test")
    with playing.submission(ALICE) as session:
        session.send_message(sent)
    returned = playing.read(ALICE, sent)
    assert "multipart/report" in str(returned["Content-Type"]) and returned["Return-Path"] == "<>"
