"""Each daemon killed in turn: nothing is accepted that was not scanned, and nothing that was accepted is lost."""

import smtplib
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from email.message import EmailMessage

import pytest

from hauberk.system.declaration import Role
from hauberk.system.stage import signatures
from hauberk.system.stage.cast import ZONES
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
            session.send_message(message, PARTNER)
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


def flush(playing: Playing, role: Role) -> None:
    """Have Postfix try what waits."""
    playing.do(playing.stage.inside(ZONES[role], "postqueue", "-c", playing.stage.props.places[role].postfix, "-f"))


def wait_until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not after {seconds:g} s"
        time.sleep(0.1)


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
    for role in (Role.MDA, Role.MTA):
        flush(playing, role)
    if became[0] == ACCEPTED:
        assert playing.in_folder(playing.stage.mailbox(ALICE.login), clean, 30), "accepted from outside and lost"
    if became[1] == ACCEPTED:
        assert playing.in_folder(playing.stage.sink(PARTNER), sent, 30), "accepted from a colleague and lost"
    for folder, bad in ((playing.stage.mailbox(ALICE.login), infected), (playing.stage.sink(PARTNER), spread)):
        assert playing.in_folder(folder, bad, 0) is None, "a virus came through"


def test_every_daemon_of_both_hosts_is_in_the_table(playing: Playing) -> None:
    assert set(EXPECTED) == {name for name in playing.stage.names if not name.startswith("outside.")}


@pytest.mark.parametrize(("name", "role"), [("mta.rspamd", Role.MDA), ("mda.dovecot", Role.MTA)])
def test_what_comes_after_a_daemon_was_gone_does_not_wait_for_what_met_it(playing: Playing, name: str, role: Role) -> None:
    """Postfix suspends a destination for five minutes after five refusals to begin, unless it is told otherwise."""
    outward = role is Role.MDA
    send, folder = (went_out, playing.stage.sink(PARTNER)) if outward else (came_in, playing.stage.mailbox(ALICE.login))
    sender, to = (BOB.login, "paula+{}@partner.test") if outward else (PARTNER, "alice+{}@corp.test")
    met, after = [letter(sender, to.format(f"met-{role}-{number}")) for number in range(6)], letter(sender, to.format("after"))

    def put_off(times: int) -> bool:
        return all(playing.log(role).count(f"to=<{one['To']}>") >= times for one in met)

    with killed(playing, name):
        assert [send(playing, one) for one in met] == [ACCEPTED] * len(met)
        wait_until(lambda: put_off(1))
        flush(playing, role)
        wait_until(lambda: put_off(2))  # all at once
    assert send(playing, after) == ACCEPTED
    assert playing.in_folder(folder, after, 30), "held up by what was put off before it"
    flush(playing, role)
    assert all(playing.in_folder(folder, one, 30) for one in met), "accepted and lost"
