"""Proving on real hosts: one vantage at a time, each where it stands. The internet's comes first, for it shows that the sink is ours;
the workstation's comes last and looks into the mailbox inside. Who can open the sink settles all of them: no zone of the declaration can.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec

from hauberk.system import material_folder
from hauberk.system.declaration import Declaration
from hauberk.system.material_folder import MaterialError
from hauberk.system.prove import gathering, vantage
from hauberk.system.prove.conduct import planned, proof
from hauberk.system.prove.declared import targets
from hauberk.system.prove.evidence import Proof
from hauberk.system.prove.imap import mailbox_session
from hauberk.system.prove.probe import Attempt, Place, Vantage
from hauberk.system.prove.settling import Gathered, settle
from hauberk.system.prove.smtp import verifying
from hauberk.system.prove.targets import PublishedKey, Targets
from hauberk.system.prove.testers_file import BadTestersError, Sink, read
from hauberk.system.prove.wire import Recorder, UnansweredError

_DELIVERY = 90.0  # seconds
_SHARE = 0.8  # of the connections a minute that the declaration allows to one client


class NotProvedError(Exception):
    """Why the proving cannot be done; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is proved, with which accounts."""

    declaration: Declaration
    targets: Targets
    sink: Sink


@dataclass(frozen=True, slots=True)
class Halfway:
    """All that was tried, and what of it came to the mailbox inside; the sink has yet to be looked into. `published` are DKIM keys."""

    attempts: tuple[Attempt, ...]
    inside: Gathered
    published: tuple[PublishedKey, ...] = ()


def order(declared: Declaration, accounts: Path, keys: Path | None = None) -> Order:
    """`keys`: the folder with the declaration's keys, for the vantage that settles; no other needs them. Raises `NotProvedError`."""
    try:
        testers, sink = read(accounts.read_text("utf-8-sig"), declared)
    except (OSError, UnicodeDecodeError) as error:
        raise NotProvedError(f"{accounts} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except BadTestersError as error:
        raise NotProvedError(f"{accounts}: {error}") from None
    try:
        dkim = material_folder.dkim_keys(keys) if keys else ()
    except (OSError, MaterialError) as error:
        raise NotProvedError(f"{keys}: {getattr(error, 'strerror', None) or error}") from None
    published = tuple(PublishedKey(one.selector, one.public) for one in dkim if one.domain == declared.domains[0])
    if keys and not published:
        raise NotProvedError(f"{keys} holds no DKIM key of {declared.domains[0]}: what is signed could not be verified")
    return Order(declared, targets(declared, testers, published), sink)


async def attempt(given: Order, zone: Vantage, clock: Callable[[], datetime], earlier: Iterable[Attempt] = ()) -> tuple[Attempt, ...]:
    """The probes of one vantage. Raises `NotProvedError` where the sink is not shown to be ours.

    `earlier`: what other vantages wrote. The internet's shows that the sink opened: no declared flow leads there from the other zones.
    """
    if all(one.probe.vantage is not Vantage.INTERNET for one in earlier):
        await _sink_is_ours(given, clock)
    a_minute = given.declaration.policy.client_connections_a_minute
    pause = 60 / (a_minute * _SHARE) if zone is Vantage.INTERNET else 0.0
    return await vantage.attempts_at(zone, given.targets, (), clock, 2 if pause else 8, pause)


async def seen_inside(given: Order, attempts: tuple[Attempt, ...], clock: Callable[[], datetime], seconds: float = _DELIVERY) -> Halfway:
    """What turns up in the test account's mailbox within so many seconds; a workstation may open it."""
    wanted = given.targets
    seek = gathering.mailbox(wanted.imap, wanted.mailbox, wanted.anchors, Place.MAILBOX, clock)
    return Halfway(attempts, await gathering.gather(attempts, {Place.MAILBOX: seek}, seconds), wanted.dkim)


async def settled(given: Order, halfway: Halfway, clock: Callable[[], datetime], seconds: float = _DELIVERY) -> Proof:
    """Look into the sink, and say what all of it comes to. Raises `NotProvedError` where the sink cannot be opened from here."""
    await _sink_is_ours(given, clock)
    wanted, attempts, inside = replace(given.targets, dkim=halfway.published), halfway.attempts, halfway.inside
    seek = gathering.mailbox(given.sink.service, given.sink.account, given.sink.anchors, Place.SINK, clock)
    begun = min((one.transcript.began for one in attempts), default=clock())
    outside = await gathering.gather(attempts, {Place.SINK: seek}, seconds)
    found = Gathered((*inside.found, *outside.found), inside.looked_at | outside.looked_at)
    outcome = settle(attempts, found, wanted)
    return proof(given.declaration.organisation, wanted, begun, (outcome,), planned(wanted, attempts))


def read_part(path: Path) -> tuple[Attempt, ...]:
    """What another vantage wrote down. Raises `NotProvedError`."""
    try:
        return vantage.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError) as error:
        raise NotProvedError(f"{path} is no part of a proof: {error}") from None


def write_halfway(halfway: Halfway) -> bytes:
    return msgspec.json.encode(halfway)


def read_halfway(path: Path) -> Halfway:
    """What the workstation wrote down. Raises `NotProvedError`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Halfway)
    except (OSError, msgspec.MsgspecError) as error:
        raise NotProvedError(f"{path} is not what a workstation wrote: {error}") from None


async def _sink_is_ours(given: Order, clock: Callable[[], datetime]) -> None:
    """Who cannot read a mailbox has no business sending to it."""
    sink = given.sink
    try:
        async with mailbox_session(sink.service, verifying(sink.anchors), Recorder("sink", clock)) as imap:
            if not await imap.login(sink.account):
                raise NotProvedError(f"{sink.account.address} cannot log in at {sink.service.host}: the sink has to be yours")
    except UnansweredError as error:
        raise NotProvedError(f"the sink {sink.service.host} does not answer, and it has to be yours: {error}") from None
