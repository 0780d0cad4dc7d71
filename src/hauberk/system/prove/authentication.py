"""M10: nobody writes in our name, nor in that of a domain that forbids it, neither from outside nor from inside."""

from collections.abc import Iterator
from dataclasses import replace

from hauberk.system.prove.experiment import Carry, Experiment, Scene
from hauberk.system.prove.probe import Awaited, Finding, Look, Measure, Place, Probe, Vantage
from hauberk.system.prove.targets import Targets
from hauberk.system.prove.virus import INBOUND, OUTBOUND, acceptance, deliver, refusal, submit


def experiments(targets: Targets) -> Iterator[Experiment]:
    own, mail = targets.mailbox.address, targets.outside.stranger
    what = "a stranger's message with our domain in its From field is refused"
    yield _inbound("spoof.own-from", what, "RFC 7489, 6.6", mail, own)
    what = "a stranger's message with our domain as its envelope sender is refused"
    yield _inbound("spoof.own-envelope", what, "RFC 7208, 8.4", own, own)
    what = "a stranger's message from nobody (null sender) with our domain in its From field is refused"
    yield _inbound("spoof.own-from-null-sender", what, "RFC 7489, 6.6", "", own)
    what = "a stranger's message from an invented sub-domain of ours is refused"
    yield _inbound(
        "spoof.own-subdomain", what, "RFC 7489, 6.6.3", mail, f"payroll@accounts-{targets.domain.split('.')[0]}.{targets.domain}"
    )
    if targets.outside.impersonated:
        what = "a stranger's message in the name of a domain that publishes p=reject is refused"
        yield _inbound("spoof.partner-from", what, "RFC 7489, 6.6", mail, targets.outside.impersonated)
        what = "the same with the impersonated address as envelope sender"
        yield _inbound("spoof.partner-envelope", what, "RFC 7208, 8.4", targets.outside.impersonated, targets.outside.impersonated)
    what = "who is logged in cannot write with a colleague's address in the From field"
    yield _outbound("forge.header-from", what, _forge_header)
    what = "who is logged in cannot use a colleague's address as envelope sender"
    yield _outbound("forge.envelope", what, _forge_envelope)
    what = "who is logged in cannot put a second From field into a message"
    yield _outbound("forge.two-froms", what, _forge_two)
    what = "who is logged in cannot write with an outsider's address in the From field"
    yield _outbound("forge.foreign-from", what, _forge_foreign)
    what = "a message that leaves is signed with DKIM by our domain"
    yield _outbound("dkim.signed", what, _looked_at(Look.DKIM))
    what = "a message that leaves does not tell the address of the workstation"
    yield _outbound("header.no-trace", what, _looked_at(Look.NO_TRACE))


def _inbound(name: str, what: str, source: str, sender: str, author: str) -> Experiment:
    async def carry(scene: Scene) -> Finding:
        recipient = scene.targets.mailbox.address
        letter = scene.letter(author, recipient)
        reply = await deliver(scene, letter, sender, recipient)
        return refusal(reply, Awaited(letter.token, Place.MAILBOX, recipient, arrives=False))

    return Experiment(Probe(f"m10.{name}", Measure.M10, Vantage.INTERNET, what, source, INBOUND), carry)


def _outbound(name: str, what: str, carry: Carry) -> Experiment:
    return Experiment(Probe(f"m10.{name}", Measure.M10, Vantage.WORKSTATION, what, "RFC 6409, 6.1; RFC 5322, 3.6.2", OUTBOUND), carry)


async def _forge_header(scene: Scene) -> Finding:
    return await _forge(scene, scene.targets.colleague.address, "")


async def _forge_foreign(scene: Scene) -> Finding:
    return await _forge(scene, scene.targets.outside.address, "")


async def _forge_envelope(scene: Scene) -> Finding:
    return await _forge(scene, scene.targets.mailbox.address, scene.targets.colleague.address)


async def _forge(scene: Scene, author: str, sender: str) -> Finding:
    recipient = scene.targets.outside.address
    letter = scene.letter(author, recipient)
    reply = await submit(scene, letter, scene.targets.mailbox, recipient, sender=sender)
    return refusal(reply, Awaited(letter.token, Place.SINK, recipient, arrives=False))


async def _forge_two(scene: Scene) -> Finding:
    own, recipient = scene.targets.mailbox, scene.targets.outside.address
    letter = scene.letter(own.address, recipient)
    doubled = replace(letter, octets=f"From: {scene.targets.colleague.address}\r\n".encode() + letter.octets)
    reply = await submit(scene, doubled, own, recipient)
    return refusal(reply, Awaited(letter.token, Place.SINK, recipient, arrives=False))


def _looked_at(look: Look) -> Carry:
    async def carry(scene: Scene) -> Finding:
        own, recipient = scene.targets.mailbox, scene.targets.outside.address
        letter = scene.letter(own.address, recipient)
        reply = await submit(scene, letter, own, recipient)
        return acceptance(reply, Awaited(letter.token, Place.SINK, recipient, arrives=True, look=look))

    return carry
