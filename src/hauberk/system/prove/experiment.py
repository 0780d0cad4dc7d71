"""A probe with what carries it out, and the running of many of them from one vantage.

Nothing that a probe does decides by itself: a silence, a 4yz or a crash of ours is inconclusive.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from hauberk.system.prove.messages import Attachment, Letter, compose, new_token
from hauberk.system.prove.probe import Attempt, Finding, Probe, inconclusive
from hauberk.system.prove.targets import Targets
from hauberk.system.prove.wire import Recorder, UnansweredError

_log = logging.getLogger(__name__)
LIMIT = 90.0  # seconds for one probe


@dataclass(frozen=True, slots=True)
class Scene:
    """What a probe is given: whom it may touch, where it writes, the time, and how it tells that it waits for the operator."""

    targets: Targets
    record: Recorder
    clock: Callable[[], datetime]
    cue: Callable[[str], Awaitable[None]]

    def letter(
        self,
        sender: str,
        recipient: str,
        *,
        text: str = "",
        subject: str = "Hauberk probe",
        fields: tuple[str, ...] = (),
        attachments: tuple[Attachment, ...] = (),
    ) -> "Sent":
        token = new_token()
        given = {"text": text} if text else {}
        letter = Letter(token, sender, recipient, self.clock(), subject=subject, fields=fields, attachments=attachments, **given)
        return Sent(token, compose(letter))


@dataclass(frozen=True, slots=True)
class Sent:
    """A message and its token."""

    token: str
    octets: bytes


Carry: TypeAlias = Callable[[Scene], Awaitable[Finding]]


@dataclass(frozen=True, slots=True)
class Experiment:
    probe: Probe
    carry: Carry = field(repr=False)


async def _no_cue(_probe: str) -> None:
    return


async def run_all(
    experiments: Iterable[Experiment],
    targets: Targets,
    clock: Callable[[], datetime],
    *,
    at_once: int = 8,
    pause: float = 0.0,
    cue: Callable[[str], Awaitable[None]] = _no_cue,
) -> tuple[Attempt, ...]:
    """All of them, `at_once` at a time and `pause` seconds between two beginnings, in their order. Never raises for what a probe does."""
    room, turn = asyncio.Semaphore(at_once), asyncio.Lock()

    async def one(experiment: Experiment) -> Attempt:
        async with room:
            if pause:
                async with turn:
                    await asyncio.sleep(pause)
            return await run(experiment, targets, clock, cue)

    return tuple(await asyncio.gather(*(one(experiment) for experiment in experiments)))


async def run(
    experiment: Experiment, targets: Targets, clock: Callable[[], datetime], cue: Callable[[str], Awaitable[None]] = _no_cue
) -> Attempt:
    record = Recorder(experiment.probe.id, clock)
    try:
        async with asyncio.timeout(LIMIT):
            finding = await experiment.carry(Scene(targets, record, clock, cue))
    except UnansweredError as error:
        finding = inconclusive(str(error))
    except TimeoutError:
        finding = inconclusive(f"the probe did not end within {LIMIT:g} s")
    except Exception as error:  # a probe of ours that breaks says nothing about the host
        _log.exception("probe %s", experiment.probe.id)
        finding = inconclusive(f"the probe itself failed: {type(error).__name__}: {error}")
    record.note(f"{finding.state}: {finding.said}")
    return Attempt(experiment.probe, finding, record.transcript())
