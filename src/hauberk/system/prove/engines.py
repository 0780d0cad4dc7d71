"""M2: the engines that scan mail are of another family than the workstations', and both of ours work, each by itself.

A canary is a harmless text that exactly one engine knows: when it is refused, that engine has looked.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from hauberk.system.prove.experiment import Experiment, Scene
from hauberk.system.prove.messages import Attachment, zipped
from hauberk.system.prove.probe import Awaited, Finding, Measure, Place, Probe, Vantage, failed, inconclusive, passed
from hauberk.system.prove.targets import Targets
from hauberk.system.prove.virus import INBOUND, OUTBOUND, deliver, refusal, submit

_SOURCE = "Recommendation M2"
_SIGNATURES = (".cvd", ".cld", ".cud", ".hdb", ".hsb", ".ndb", ".ldb", ".yar", ".yara", ".fp", ".db")


def experiments(targets: Targets) -> Iterator[Experiment]:
    if targets.engines.workstations:
        what = "at least one engine that scans mail is of a family that the workstations do not have"
        yield Experiment(Probe("m2.families", Measure.M2, Vantage.WORKSTATION, what, _SOURCE), _families)
    if targets.canaries.first:
        yield _arriving("first", "what only the MTA's engine knows is refused from outside")
        yield _arriving("first-zipped", "the MTA's engine looks into archives")
        yield _leaving("first-out", "what only the first engine knows is refused at submission too")
    if targets.canaries.second:
        yield _leaving("second", "what only the gateway's engine knows is refused at submission")
        yield _leaving("second-zipped", "the gateway's engine looks into archives")
        yield _arriving("second-in", "what only the second engine knows is refused from outside too")
    what = "an executable attachment is refused at submission"
    yield Experiment(Probe("m2.policy.executable", Measure.M2, Vantage.WORKSTATION, what, _SOURCE, OUTBOUND), _executable)
    if targets.files.signatures:
        what = "the virus signatures are fresh"
        yield Experiment(Probe("m1.signatures.fresh", Measure.M1, Vantage.DMZ, what, "Recommendation M1"), _fresh)


async def _families(scene: Scene) -> Finding:
    ours, theirs = set(scene.targets.engines.gateway), set(scene.targets.engines.workstations)
    scene.record.note(f"declared: mail {', '.join(sorted(ours)) or 'none'}; workstations {', '.join(sorted(theirs))}")
    if not ours:
        return failed("no engine is declared for mail")
    if ours <= theirs:
        return failed(f"mail and workstations have the same families: {', '.join(sorted(ours))}")
    return passed(f"mail is scanned by {', '.join(sorted(ours - theirs))}, which no workstation has")


def _hidden(scene: Scene, name: str) -> tuple[str, tuple[Attachment, ...]]:
    """Text and attachments that hold a canary, by the probe's name."""
    canary = scene.targets.canaries.first if name.startswith("first") else scene.targets.canaries.second
    if not name.endswith("zipped"):
        return canary, ()
    return "See the attachment.", (Attachment("notes.zip", zipped("notes.txt", canary.encode()), "application/zip"),)


def _arriving(name: str, what: str) -> Experiment:
    async def carry(scene: Scene) -> Finding:
        stranger, recipient = scene.targets.outside.stranger, scene.targets.mailbox.address
        text, attachments = _hidden(scene, name)
        letter = scene.letter(stranger, recipient, text=text, attachments=attachments)
        reply = await deliver(scene, letter, stranger, recipient)
        return refusal(reply, Awaited(letter.token, Place.MAILBOX, recipient, arrives=False))

    return Experiment(Probe(f"m2.canary.{name}", Measure.M2, Vantage.INTERNET, what, _SOURCE, INBOUND), carry)


def _leaving(name: str, what: str) -> Experiment:
    async def carry(scene: Scene) -> Finding:
        return await _submitted(scene, *_hidden(scene, name))

    return Experiment(Probe(f"m2.canary.{name}", Measure.M2, Vantage.WORKSTATION, what, _SOURCE, OUTBOUND), carry)


async def _executable(scene: Scene) -> Finding:
    return await _submitted(scene, "See the attachment.", (Attachment("setup.exe", b"MZ harmless test data"),))


async def _submitted(scene: Scene, text: str, attachments: tuple[Attachment, ...]) -> Finding:
    own, recipient = scene.targets.mailbox, scene.targets.outside.address
    letter = scene.letter(own.address, recipient, text=text, attachments=attachments)
    reply = await submit(scene, letter, own, recipient)
    return refusal(reply, Awaited(letter.token, Place.SINK, recipient, arrives=False))


async def _fresh(scene: Scene) -> Finding:
    """The newest signature file decides: the daily one changes while the main one stays."""
    folder, limit = Path(scene.targets.files.signatures), scene.targets.files.signature_days
    try:
        found = await asyncio.to_thread(_signatures, folder)
    except OSError as error:
        return inconclusive(f"{folder} cannot be read: {error.strerror}")
    if not found:
        return failed(f"there are no signatures in {folder}")
    newest, name = max(found)
    age = (scene.clock().timestamp() - newest) / 86_400
    said = f"{name} is the newest of {len(found)} and {max(age, 0):.1f} days old (at most {limit})"
    scene.record.note(said)
    return failed(said) if age > limit else passed(said)


def _signatures(folder: Path) -> list[tuple[float, str]]:
    """When each file was changed (Unix time), and its name."""
    return [(path.stat().st_mtime, path.name) for path in folder.iterdir() if path.suffix in _SIGNATURES and path.stat().st_size]
