"""Each daemon killed in turn: nothing is accepted that was not scanned, and nothing that was accepted is lost."""

import smtplib
from collections.abc import Generator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest

from hauberk.system.declaration import Role, Zone
from hauberk.system.stage import signatures
from hauberk.system.stage.play import ALICE, BOB
from system.playing import Playing, letter

PARTNER = "paula@partner.test"
ACCEPTED, LATER, UNREACHABLE = "accepted", "later", "unreachable"


@contextmanager
def killed(playing: Playing, name: str) -> Generator[None]:
    playing.do(playing.stage.stop(name, hard=True))
    try:
        yield
    finally:
        playing.do(playing.stage.start(name))


def refusal(error: smtplib.SMTPException | OSError) -> str:
    """4xx at any step is `later`; no server, or no way to sign in, is `unreachable`."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = {code for code, _ in error.recipients.values()}
        case smtplib.SMTPServerDisconnected():
            return UNREACHABLE
        case smtplib.SMTPResponseException():
            codes = {error.smtp_code}
        case _:
            return UNREACHABLE
    return LATER if all(400 <= code < 500 for code in codes) else f"refused {codes}"


def came_in(playing: Playing, message: EmailMessage) -> str:
    try:
        with playing.smtp() as session:
            session.send_message(message, PARTNER, [ALICE.login])
    except (smtplib.SMTPException, OSError) as error:
        return refusal(error)
    return ACCEPTED


def went_out(playing: Playing, message: EmailMessage) -> str:
    try:
        with playing.submission(BOB) as session:
            session.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        return refusal(error)
    return ACCEPTED


# What becomes of a letter from outside, and of one from a colleague, while the daemon is gone.
EXPECTED = {
    "mta.clamav": (LATER, ACCEPTED),  # the MDA accepts what it has scanned itself; the MTA takes it from there later
    "mta.rspamd": (LATER, ACCEPTED),
    "mta.gateway": (LATER, ACCEPTED),
    "mta.unbound": (LATER, ACCEPTED),
    "mta.postfix": (UNREACHABLE, ACCEPTED),
    "mta.policy-server": (ACCEPTED, ACCEPTED),
    "mta.signature-server": (ACCEPTED, ACCEPTED),
    "mta.mta-sts": (ACCEPTED, ACCEPTED),  # what it does not know waits in the queue
    "mda.clamav": (ACCEPTED, LATER),
    "mda.rspamd": (ACCEPTED, LATER),
    "mda.gateway": (ACCEPTED, LATER),
    "mda.dovecot": (ACCEPTED, LATER),  # nobody can sign in; the MTA keeps what has come
    "mda.postfix": (ACCEPTED, UNREACHABLE),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_with_one_daemon_gone_nothing_passes_unscanned_and_nothing_is_lost(playing: Playing, name: str) -> None:
    clean, sent = letter(PARTNER, ALICE.login), letter(BOB.login, PARTNER)
    infected = letter(PARTNER, ALICE.login, signatures.EICAR + "\r\n")
    spread = letter(BOB.login, PARTNER, signatures.EICAR + "\r\n")
    with killed(playing, name):
        became = (came_in(playing, clean), went_out(playing, sent))
        assert ACCEPTED not in (came_in(playing, infected), went_out(playing, spread))
    assert became == EXPECTED[name]
    for role, zone in ((Role.MDA, Zone.INSIDE), (Role.MTA, Zone.DMZ)):
        playing.do(playing.stage.inside(zone, "postqueue", "-c", playing.stage.props.places[role].postfix, "-f"))
    if became[0] == ACCEPTED:
        assert playing.in_folder(playing.stage.mailbox(ALICE.login), clean, 30), "accepted from outside and lost"
    if became[1] == ACCEPTED:
        assert playing.in_folder(playing.stage.sink(PARTNER), sent, 30), "accepted from a colleague and lost"
    for folder, bad in ((playing.stage.mailbox(ALICE.login), infected), (playing.stage.sink(PARTNER), spread)):
        assert playing.in_folder(folder, bad, 0) is None, "a virus came through"


def test_every_daemon_of_both_hosts_is_in_the_table(playing: Playing) -> None:
    assert set(EXPECTED) == {name for name in playing.stage.names if not name.startswith("outside.")}
