"""M6: who has left cannot log in, submit or receive; who is suspended only receives; open sessions end at once."""

from collections.abc import Iterator

from hauberk.system.prove.experiment import Carry, Experiment, Scene
from hauberk.system.prove.imap import mailbox_session
from hauberk.system.prove.probe import Awaited, Finding, Measure, Place, Probe, Vantage, failed, inconclusive, passed
from hauberk.system.prove.smtp import from_outside, session, verifying
from hauberk.system.prove.targets import Account, Targets
from hauberk.system.prove.virus import INBOUND, acceptance, deliver
from hauberk.system.prove.wire import UnansweredError

LOGIN = "m6.control.login"
KICKED = "m6.session.ends"
_SOURCE = "Recommendation M6"
_KICK_SECONDS = 8.0


def experiments(targets: Targets) -> Iterator[Experiment]:
    what = "a person who is here can log in and read mail"
    yield Experiment(Probe(LOGIN, Measure.M6, Vantage.WORKSTATION, what, "control"), _logs_in(targets.mailbox, wanted=True))
    yield _at_desk("login.wrong-password", "a wrong password is refused", _logs_in(Account(targets.mailbox.address, "wrong"), wanted=False))
    yield _at_desk("login.empty-password", "an empty password is refused", _logs_in(Account(targets.mailbox.address, ""), wanted=False))
    what = "mail for an address that nobody has is refused in the dialogue"
    yield _outside("receive.unknown", what, f"nobody-here-{targets.domain.replace('.', '-')}@{targets.domain}", wanted=False)
    what = "mail for a person who is here is accepted"
    yield _outside("receive.active", what, targets.mailbox.address, wanted=True)
    if targets.alias:
        yield _outside("receive.alias", "mail for an alias is accepted", targets.alias, wanted=True)
    if targets.suspended:
        yield _at_desk("suspended.login", "who is suspended cannot read mail", _logs_in(targets.suspended, wanted=False))
        yield _at_desk("suspended.submit", "who is suspended cannot send", _submits(targets.suspended))
        yield _outside("suspended.receives", "who is suspended still receives", targets.suspended.address, wanted=True)
    if targets.leaver:
        yield _at_desk("leaver.login", "who has left cannot read mail", _logs_in(targets.leaver, wanted=False))
        yield _at_desk("leaver.submit", "who has left cannot send", _submits(targets.leaver))
        yield _outside("leaver.receives", "mail for who has left is refused", targets.leaver.address, wanted=False)
    if targets.leaver_app:
        yield _at_desk(
            "leaver.app-password-login", "an app password of who has left opens nothing", _logs_in(targets.leaver_app, wanted=False)
        )
        yield _at_desk("leaver.app-password-submit", "an app password of who has left sends nothing", _submits(targets.leaver_app))
    if targets.leaver_alias:
        yield _outside("leaver.alias", "mail for an alias of who has left is refused", targets.leaver_alias, wanted=False)
    if targets.mover:
        what = "a session that is open when its account is deactivated ends at once"
        yield Experiment(Probe(KICKED, Measure.M6, Vantage.WORKSTATION, what, _SOURCE, LOGIN), is_kicked(targets.mover))


def _at_desk(name: str, what: str, carry: Carry) -> Experiment:
    return Experiment(Probe(f"m6.{name}", Measure.M6, Vantage.WORKSTATION, what, _SOURCE, LOGIN), carry)


def _outside(name: str, what: str, recipient: str, *, wanted: bool) -> Experiment:
    carry = _receives(recipient) if wanted else _refuses(recipient)
    return Experiment(Probe(f"m6.{name}", Measure.M6, Vantage.INTERNET, what, _SOURCE, INBOUND), carry)


def _logs_in(account: Account, *, wanted: bool) -> Carry:
    async def carry(scene: Scene) -> Finding:
        async with mailbox_session(scene.targets.imap, verifying(scene.targets.anchors), scene.record) as imap:
            came_in = await imap.login(account)
            opened = came_in and (await imap.command("SELECT INBOX"))[0]
        if wanted:
            return passed("logged in, and the inbox opens") if opened else failed("the login was refused, or the inbox does not open")
        return failed("the login was taken") if came_in else passed("the login was refused")

    return carry


def _submits(account: Account) -> Carry:
    async def carry(scene: Scene) -> Finding:
        tls = verifying(scene.targets.anchors)
        async with session(scene.targets.submission, "workstation.invalid", scene.record, tls=tls) as smtp:
            reply = await smtp.login(account.address, account.password)
        if reply.code == 235:
            return failed("the login was taken")
        return inconclusive(f"put off: {reply}") if reply.transient else passed(f"the login was refused: {reply}")

    return carry


def _receives(recipient: str) -> Carry:
    async def carry(scene: Scene) -> Finding:
        stranger = scene.targets.outside.stranger
        letter = scene.letter(stranger, recipient)
        if recipient not in (scene.targets.mailbox.address, scene.targets.alias):
            return await _taken_at_rcpt(scene, recipient)
        reply = await deliver(scene, letter, stranger, recipient)
        return acceptance(reply, Awaited(letter.token, Place.MAILBOX, scene.targets.mailbox.address, arrives=True))

    return carry


async def _taken_at_rcpt(scene: Scene, recipient: str) -> Finding:
    """Nobody can read that mailbox, so the answer to RCPT has to do."""
    async with from_outside(scene) as smtp:
        reply = await smtp.envelope(scene.targets.outside.stranger, recipient)
    if reply.positive:
        return passed(f"accepted at RCPT: {reply}")
    return inconclusive(f"put off: {reply}") if reply.transient else failed(f"refused: {reply}")


def _refuses(recipient: str) -> Carry:
    async def carry(scene: Scene) -> Finding:
        async with from_outside(scene) as smtp:
            reply = await smtp.envelope(scene.targets.outside.stranger, recipient)
        if reply.positive:
            return failed(f"accepted at RCPT: {reply}")
        return inconclusive(f"put off: {reply}") if reply.transient else passed(f"refused: {reply}")

    return carry


def is_kicked(account: Account, seconds: float = _KICK_SECONDS) -> Carry:
    """Whether an open session ends within so many seconds of the cue."""

    async def carry(scene: Scene) -> Finding:
        async with mailbox_session(scene.targets.imap, verifying(scene.targets.anchors), scene.record) as imap:
            if not await imap.login(account) or not (await imap.command("SELECT INBOX"))[0]:
                return inconclusive(f"{account.address} cannot log in, so there is no session to end")
            scene.record.note(f"waiting for {account.address} to be deactivated")
            await scene.cue(KICKED)
            try:
                line = await imap.wire.line(seconds)
            except UnansweredError as error:
                if "closed" in str(error):
                    return passed("the server closed the session")
                still_in, _ = await imap.command("NOOP")
                return failed("the session lived on") if still_in else passed("the session was ended")
            if b"BYE" in line.upper():
                return passed("the server said goodbye and closed the session")
            return failed("the session lived on")

    return carry
