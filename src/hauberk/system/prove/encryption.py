"""M9: what is marked confidential leaves encrypted or not at all; passwords and mail travel through TLS only, verified where it can be."""

import asyncio
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hauberk.system.prove.experiment import Carry, Experiment, Scene
from hauberk.system.prove.messages import new_token
from hauberk.system.prove.probe import Awaited, Finding, Look, Measure, Place, Probe, State, Vantage, failed, inconclusive, passed
from hauberk.system.prove.self_signed import self_signed
from hauberk.system.prove.smtp import from_outside, opportunistic, session, verifying
from hauberk.system.prove.targets import Targets
from hauberk.system.prove.virus import INBOUND, OUTBOUND, acceptance, deliver, refusal, submit
from hauberk.system.prove.wire import UnansweredError, connected

_SOURCE = "Recommendation M9"
_PRIVATE = (b"BEGIN PGP PRIVATE KEY", b"BEGIN ENCRYPTED PRIVATE KEY")
_LARGEST_LOOKED_AT = 1_000_000


def experiments(targets: Targets) -> Iterator[Experiment]:
    if targets.keyed:
        what = "a message marked confidential arrives encrypted and its recipient can open it"
        yield _desk("confidential.sealed", what, _SOURCE, _sealed(targets.keyed))
    if targets.certified:
        what = "a message marked confidential to somebody with an S/MIME certificate arrives encrypted and its recipient can open it"
        yield _desk("confidential.sealed-smime", what, f"{_SOURCE}; RFC 8551", _sealed(targets.certified))
    if targets.unkeyed:
        what = "a message marked confidential to somebody without a key is refused with a reason"
        yield _desk("confidential.refused", what, _SOURCE, _without_key)
    if targets.outside.wrong_tlsa:
        what = "mail to a server whose certificate does not fit its TLSA record waits instead of leaving"
        yield _desk("dane.wrong-tlsa", what, "RFC 7672, 2.2", _wrong_tlsa)
    what = "the MTA offers STARTTLS with TLS 1.2 or later"
    yield Experiment(Probe("m9.tls.mx", Measure.M9, Vantage.INTERNET, what, "RFC 8997; RFC 7672", INBOUND), _mx_tls)
    what = "submission shows a certificate that verifies for its name"
    yield _desk("tls.submission", what, "RFC 8314, 3.3", _submission_tls)
    what = "nothing is submitted by who has not logged in"
    yield _desk("submission.anonymous", what, "RFC 6409, 4.3", _anonymous)
    if targets.relay.addresses:
        what = "the MTA's relay port takes nothing from who shows no certificate"
        yield Experiment(Probe("m9.link.relay-no-certificate", Measure.M9, Vantage.INSIDE, what, _SOURCE), _relay_without(""))
        what = "the MTA's relay port takes nothing from who shows a certificate of his own making"
        yield Experiment(Probe("m9.link.relay-own-certificate", Measure.M9, Vantage.INSIDE, what, _SOURCE), _relay_without("own"))
    what = "the MTA hands mail to the MDA through TLS"
    yield Experiment(Probe("m9.link.inward-tls", Measure.M9, Vantage.INTERNET, what, _SOURCE, INBOUND), _inward)
    if targets.files.tree:
        what = "the DMZ holds no mailbox, no password and no private content key"
        yield Experiment(Probe("m9.dmz.holds-nothing", Measure.M9, Vantage.DMZ, what, _SOURCE), _holds_nothing)


def _desk(name: str, what: str, source: str, carry: Carry) -> Experiment:
    return Experiment(Probe(f"m9.{name}", Measure.M9, Vantage.WORKSTATION, what, source, OUTBOUND), carry)


def _sealed(recipient: str) -> Carry:
    async def carry(scene: Scene) -> Finding:
        own, secret = scene.targets.mailbox, new_token().replace("hauberk-", "secret-")
        letter = scene.letter(own.address, recipient, text=secret, subject=f"Plan {secret}", fields=(scene.targets.confidential,))
        reply = await submit(scene, letter, own, recipient)
        return acceptance(reply, Awaited(letter.token, Place.SINK, recipient, arrives=True, look=Look.SEALED, secret=secret))

    return carry


async def _without_key(scene: Scene) -> Finding:
    own, recipient = scene.targets.mailbox, scene.targets.unkeyed
    letter = scene.letter(own.address, recipient, fields=(scene.targets.confidential,))
    reply = await submit(scene, letter, own, recipient)
    absent = Awaited(letter.token, Place.SINK, recipient, arrives=False)
    return refusal(reply, absent, words=("key", "encrypt", "certificate"))


async def _wrong_tlsa(scene: Scene) -> Finding:
    """The recipient's local part is the token, so that the queue can be asked for it."""
    own, token = scene.targets.mailbox, new_token()
    recipient = f"{token}@{scene.targets.outside.wrong_tlsa}"
    letter = scene.letter(own.address, recipient)
    reply = await submit(scene, letter, own, recipient)
    absent = Awaited(letter.token, Place.SINK, recipient, arrives=False)
    finding = acceptance(reply, absent)
    if finding.state is State.PASS and scene.targets.files.queue:
        return passed(finding.said, absent, Awaited(token, Place.QUEUE, recipient, arrives=True))
    return finding


async def _mx_tls(scene: Scene) -> Finding:
    async with from_outside(scene) as smtp:
        reply = await smtp.start_tls(opportunistic())
        if reply.code != 220:
            return failed(f"STARTTLS was answered with {reply}")
        await smtp.ehlo(scene.targets.outside.helo)
    return passed("STARTTLS, and TLS 1.2 or later")


async def _submission_tls(scene: Scene) -> Finding:
    targets = scene.targets
    try:
        async with session(targets.submission, "workstation.invalid", scene.record, tls=verifying(targets.anchors)) as smtp:
            await smtp.command("NOOP")
    except UnansweredError as error:
        return failed(str(error)) if "CERTIFICATE_VERIFY_FAILED" in str(error) else inconclusive(str(error))
    try:
        async with connected(targets.submission.addresses[0], targets.submission.port, scene.record) as wire:
            await wire.send(b"EHLO workstation.invalid\r\n")
            reply = await wire.reply(3)
    except UnansweredError:
        return passed("TLS with a certificate that verifies; in clear nothing is answered")
    return failed(f"the port also speaks without TLS: {reply}")


async def _anonymous(scene: Scene) -> Finding:
    targets = scene.targets
    letter = scene.letter(targets.mailbox.address, targets.outside.address)
    async with session(targets.submission, "workstation.invalid", scene.record, tls=verifying(targets.anchors)) as smtp:
        reply = await smtp.transaction(targets.mailbox.address, targets.outside.address, letter.octets)
    return refusal(reply, Awaited(letter.token, Place.SINK, targets.outside.address, arrives=False))


def _relay_without(certificate: str) -> Carry:
    async def carry(scene: Scene) -> Finding:
        targets = scene.targets
        letter = scene.letter(targets.mailbox.address, targets.outside.address)
        absent = Awaited(letter.token, Place.SINK, targets.outside.address, arrives=False)
        try:
            async with session(targets.relay, "inside.invalid", scene.record) as smtp:
                reply = await smtp.start_tls(_showing_own() if certificate else opportunistic())
                if reply.code == 220:
                    await smtp.ehlo("inside.invalid")
                reply = await smtp.transaction(targets.mailbox.address, targets.outside.address, letter.octets)
        except UnansweredError as error:
            if not any("220" in line.text for line in scene.record.transcript().lines):
                raise
            return passed(f"ended by the server: {error}", absent)
        return refusal(reply, absent)

    return carry


def _showing_own() -> ssl.SSLContext:
    """A context with a fresh certificate that nobody has signed."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(self_signed("inside.invalid"))
        file.flush()
        return opportunistic(Path(file.name))


async def _inward(scene: Scene) -> Finding:
    stranger, recipient = scene.targets.outside.stranger, scene.targets.mailbox.address
    letter = scene.letter(stranger, recipient)
    reply = await deliver(scene, letter, stranger, recipient)
    return acceptance(reply, Awaited(letter.token, Place.MAILBOX, recipient, arrives=True, look=Look.INNER_TLS))


async def _holds_nothing(scene: Scene) -> Finding:
    folders = scene.targets.files.tree
    looked, found = await asyncio.to_thread(_searched, folders)
    scene.record.note(f"{looked} files in {', '.join(folders)}")
    for line in found[:20]:
        scene.record.note(line)
    if not looked:
        return inconclusive("there were no files to look at")
    if found:
        return failed(f"{len(found)} files do not belong there, such as {found[0]}")
    return passed(f"none of {looked} files is a message, a password or a private content key")


def _searched(folders: tuple[str, ...]) -> tuple[int, list[str]]:
    files = [path for folder in folders for path in sorted(Path(folder).rglob("*")) if path.is_file() and not path.is_symlink()]
    return len(files), [f"{path}: {what}" for path in files for what in _held(path)]


def _held(path: Path) -> Iterator[str]:
    if path.parent.name in ("cur", "new"):
        yield "a message in a mailbox"
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_LOOKED_AT)
    except OSError:
        return
    if any(mark in data for mark in _PRIVATE):
        yield "a private content key"
    if b"$argon2" in data or b"{ARGON2" in data or b"CREATE VIEW mail_passwords" in data:
        yield "password hashes"
