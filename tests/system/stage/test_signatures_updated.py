"""New virus signatures reach both hosts: the MTA from the internet, the MDA from the MTA, and the scanners use them at once."""

import smtplib
import time
from pathlib import Path

import pytest

from hauberk.system.declaration import Role, Zone
from hauberk.system.stage.play import ALICE, BOB
from system.playing import Playing, letter

PARTNER = "paula@partner.test"
TEXT = "an outbreak of this morning, which yesterday's signatures do not know"
NAME = "Hauberk.Outbreak.Morning"


def fetched(playing: Playing, role: Role, zone: Zone) -> str:
    """freshclam, as its timer runs it."""
    done = playing.do(playing.stage.inside(zone, "freshclam", f"--config-file={playing.stage.props.places[role].clamav}/freshclam.conf"))
    assert done.code == 0, done.complaint
    return done.text


def loaded(playing: Playing, role: Role) -> None:
    """Until clamd, which goes on scanning meanwhile, has taken the new signatures."""
    log = Path(playing.stage.props.places[role].clamav_log) / "clamd.log"
    end = time.monotonic() + 20
    while "Activating the newly loaded database" not in log.read_text():
        assert time.monotonic() < end, log.read_text()[-1000:]
        time.sleep(0.05)


def refused(error: smtplib.SMTPDataError) -> bool:
    return error.smtp_code == 554 and NAME.encode() in bytes(error.smtp_error if isinstance(error.smtp_error, bytes) else b"")


def test_an_outbreak_is_known_on_both_hosts_after_one_round(playing: Playing) -> None:
    bad_in, bad_out = letter(PARTNER, ALICE.login, f"{TEXT}\r\n"), letter(BOB.login, PARTNER, f"{TEXT}\r\n")
    with playing.smtp() as session:
        session.send_message(bad_in, PARTNER, [ALICE.login])
    file = Path(playing.stage.props.outside.www) / "hauberk.ndb"
    before = file.read_text()
    file.write_text(f"{before}{NAME}:0:*:{TEXT.encode().hex()}\n")
    try:
        for role, zone in ((Role.MTA, Zone.DMZ), (Role.MDA, Zone.INSIDE)):
            said = fetched(playing, role, zone)
            assert "hauberk.ndb" in said
            assert NAME in (Path(playing.stage.props.places[role].clamav_database) / "hauberk.ndb").read_text(), said
            loaded(playing, role)
        with playing.smtp() as session, pytest.raises(smtplib.SMTPDataError) as caught:
            session.send_message(bad_in, PARTNER, [ALICE.login])
        assert refused(caught.value)
        with playing.submission(BOB) as session, pytest.raises(smtplib.SMTPDataError) as caught:
            session.send_message(bad_out)
        assert refused(caught.value)
    finally:
        file.write_text(before)
