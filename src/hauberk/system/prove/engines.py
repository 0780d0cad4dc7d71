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
        what = "what only the MTA's engine knows is refused from outside"
        yield Experiment(Probe("m2.canary.first", Measure.M2, Vantage.INTERNET, what, _SOURCE, INBOUND), _first)
    if targets.canaries.second:
        what = "what only the gateway's engine knows is refused at submission"
        yield Experiment(Probe("m2.canary.second", Measure.M2, Vantage.WORKSTATION, what, _SOURCE, OUTBOUND), _second)
        what = "the gateway's engine looks into archives"
        yield Experiment(Probe("m2.canary.second-zipped", Measure.M2, Vantage.WORKSTATION, what, _SOURCE, OUTBOUND), _second_zipped)
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


async def _first(scene: Scene) -> Finding:
    outside, recipient = scene.targets.outside, scene.targets.mailbox.address
    letter = scene.letter(outside.stranger, recipient, text=scene.targets.canaries.first)
    reply = await deliver(scene, letter, outside.stranger, recipient)
    return refusal(reply, Awaited(letter.token, Place.MAILBOX, recipient, arrives=False))


async def _second(scene: Scene) -> Finding:
    return await _submitted(scene, scene.targets.canaries.second, ())


async def _second_zipped(scene: Scene) -> Finding:
    canary = scene.targets.canaries.second.encode()
    return await _submitted(scene, "See the attachment.", (Attachment("notes.zip", zipped("notes.txt", canary), "application/zip"),))


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
