"""M1 and M3: viruses are found on the way in and at submission, spam on the way in, and the sender hears why.

The control of each vantage is here too: a clean message that must be accepted and must arrive. Without it no refusal proves anything.
"""

from collections.abc import Iterator

from hauberk.protocols.smtp import Reply
from hauberk.system.prove.experiment import Carry, Experiment, Scene, Sent
from hauberk.system.prove.messages import Attachment, eicar, gtube, gzipped, zipped
from hauberk.system.prove.probe import Awaited, Finding, Look, Measure, Place, Probe, Vantage, failed, inconclusive, passed
from hauberk.system.prove.smtp import from_outside, session, verifying
from hauberk.system.prove.targets import Account, Targets

INBOUND = "m1.control.inbound"
OUTBOUND = "m1.control.outbound"
_SOURCE = "Recommendation M1; EICAR test file"
_VIRUS_WORDS = ("virus", "eicar", "malware", "infected")


def _forms() -> dict[str, tuple[str, tuple[Attachment, ...]]]:
    """Text and attachments of the virus probes."""
    virus = eicar()
    nested = zipped("inner.zip", zipped("eicar.com", virus))
    return {
        "plain": (virus.decode(), ()),
        "attached": ("See the attachment.", (Attachment("eicar.com", virus),)),
        "renamed": ("See the attachment.", (Attachment("notes.txt", virus, "text/plain"),)),
        "zip": ("See the attachment.", (Attachment("papers.zip", zipped("eicar.com", virus), "application/zip"),)),
        "zip-in-zip": ("See the attachment.", (Attachment("papers.zip", nested, "application/zip"),)),
        "gzip": ("See the attachment.", (Attachment("papers.gz", gzipped(virus), "application/gzip"),)),
    }


def experiments(targets: Targets) -> Iterator[Experiment]:
    what = "a clean message from outside is accepted and arrives in the mailbox, authenticated by our MTA"
    yield Experiment(Probe(INBOUND, Measure.M1, Vantage.INTERNET, what, "control"), _clean_in)
    if any(":" in address for address in targets.mx.addresses):
        what = "the same over IPv6"
        yield Experiment(Probe("m1.control.inbound-ipv6", Measure.M1, Vantage.INTERNET, what, "control"), _clean_in_six)
    what = "a clean message from a workstation is accepted and arrives outside, signed by our domain"
    yield Experiment(Probe(OUTBOUND, Measure.M1, Vantage.WORKSTATION, what, "control"), _clean_out)
    for name in _forms():
        what = f"the EICAR test virus from outside is refused in the dialogue with its name ({name})"
        yield Experiment(Probe(f"m1.virus.in.{name}", Measure.M1, Vantage.INTERNET, what, _SOURCE, INBOUND), _virus_in(name))
        what = f"the EICAR test virus from a workstation is refused at submission, so its sender is told ({name})"
        yield Experiment(Probe(f"m1.virus.out.{name}", Measure.M1, Vantage.WORKSTATION, what, _SOURCE, OUTBOUND), _virus_out(name))
    what = "GTUBE, the test spam, is refused in the dialogue"
    yield Experiment(Probe("m3.spam.gtube", Measure.M3, Vantage.INTERNET, what, "Recommendation M3; GTUBE", INBOUND), _spam)


async def deliver(scene: Scene, letter: Sent, sender: str, recipient: str, *, address: str = "") -> Reply:
    """From outside to our MX."""
    async with from_outside(scene, address=address) as smtp:
        return await smtp.transaction(sender, recipient, letter.octets)


async def submit(scene: Scene, letter: Sent, account: Account, recipient: str, *, sender: str = "") -> Reply:
    """From a workstation through submission, logged in as `account`; the first reply that refuses, or the last."""
    tls = verifying(scene.targets.anchors)
    async with session(scene.targets.submission, "workstation.invalid", scene.record, tls=tls) as smtp:
        reply = await smtp.login(account.address, account.password)
        return await smtp.transaction(sender or account.address, recipient, letter.octets) if reply.code == 235 else reply


def refusal(reply: Reply, awaited: Awaited, *, words: tuple[str, ...] = ()) -> Finding:
    """What a refusal that is wanted means; `words`: one of them should be in it, so that its reader knows why."""
    if reply.transient:
        return inconclusive(f"put off: {reply}", awaited)
    if reply.positive:
        return failed(f"accepted: {reply}", awaited)
    if words and not any(word in str(reply).lower() for word in words):
        return inconclusive(f"refused, but not for this reason: {reply}", awaited)
    return passed(f"refused: {reply}", awaited)


def acceptance(reply: Reply, awaited: Awaited) -> Finding:
    """What an acceptance that is wanted means."""
    if reply.positive:
        return passed(f"accepted: {reply}", awaited)
    return inconclusive(f"put off: {reply}") if reply.transient else failed(f"refused: {reply}")


async def _clean_in(scene: Scene) -> Finding:
    return await _clean(scene, "")


async def _clean_in_six(scene: Scene) -> Finding:
    return await _clean(scene, next(address for address in scene.targets.mx.addresses if ":" in address))


async def _clean(scene: Scene, address: str) -> Finding:
    stranger, recipient = scene.targets.outside.stranger, scene.targets.mailbox.address
    letter = scene.letter(stranger, recipient)
    reply = await deliver(scene, letter, stranger, recipient, address=address)
    return acceptance(reply, Awaited(letter.token, Place.MAILBOX, recipient, arrives=True, look=Look.AUTHENTICATED))


async def _clean_out(scene: Scene) -> Finding:
    sender, recipient = scene.targets.mailbox, scene.targets.outside.address
    letter = scene.letter(sender.address, recipient)
    reply = await submit(scene, letter, sender, recipient)
    return acceptance(reply, Awaited(letter.token, Place.SINK, recipient, arrives=True, look=Look.DKIM))


def _virus_in(name: str) -> Carry:
    async def carry(scene: Scene) -> Finding:
        text, attachments = _forms()[name]
        stranger, recipient = scene.targets.outside.stranger, scene.targets.mailbox.address
        letter = scene.letter(stranger, recipient, text=text, attachments=attachments)
        reply = await deliver(scene, letter, stranger, recipient)
        return refusal(reply, Awaited(letter.token, Place.MAILBOX, recipient, arrives=False), words=_VIRUS_WORDS)

    return carry


def _virus_out(name: str) -> Carry:
    async def carry(scene: Scene) -> Finding:
        text, attachments = _forms()[name]
        sender, recipient = scene.targets.mailbox, scene.targets.outside.address
        letter = scene.letter(sender.address, recipient, text=text, attachments=attachments)
        reply = await submit(scene, letter, sender, recipient)
        return refusal(reply, Awaited(letter.token, Place.SINK, recipient, arrives=False))

    return carry


async def _spam(scene: Scene) -> Finding:
    stranger, recipient = scene.targets.outside.stranger, scene.targets.mailbox.address
    letter = scene.letter(stranger, recipient, text=gtube())
    reply = await deliver(scene, letter, stranger, recipient)
    return refusal(reply, Awaited(letter.token, Place.MAILBOX, recipient, arrives=False))
