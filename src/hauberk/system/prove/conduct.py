"""The whole proving on a stage: a session that must end, every vantage at once, each daemon stopped in turn, perhaps every mutation."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import hauberk
from hauberk.system.prove import mutating, staged
from hauberk.system.prove.catalogue import all_experiments
from hauberk.system.prove.evidence import Caught, Proof
from hauberk.system.prove.fail_closed import fail_closed
from hauberk.system.prove.mutations import mutations
from hauberk.system.prove.probe import Attempt
from hauberk.system.prove.settling import Settled, settle
from hauberk.system.prove.targets import Account, Targets, encode
from hauberk.system.stage import play
from hauberk.system.stage.stage import Stage

Told = Callable[[str], None]


async def prove_stage(stage: Stage, clock: Callable[[], datetime], told: Told, *, mutate: bool = False) -> Proof:
    """`told` hears in a line what is being done. Raises `StageError`."""
    begun = clock()
    targets = staged.stage_targets(stage, begun)
    told("Probes from the internet, the DMZ, the inside and a workstation")
    app_password = await stage.directory.add_app_password(play.DAVE.login, "telephone", begun)
    attempts = await staged.kicked(stage, targets, play.DAVE, clock)
    targets = staged.with_leaver(targets, play.DAVE, app_password)
    attempts += await staged.attempts_everywhere(stage, targets)
    settled = settle(attempts, await staged.gathered(stage, targets, attempts), targets)
    told("Every daemon stopped in turn")
    stopped = await fail_closed(stage, targets, clock)
    caught: tuple[Caught, ...] = ()
    if mutate:
        told(f"{len(mutations())} settings broken, one at a time")
        caught = await mutating.try_all(stage, targets, mutations(), lambda one: told(f"  {one.mutation}: {seen(one)}"))
    return proof(stage.declaration.organisation, targets, begun, (settled, stopped), planned(targets, attempts), caught)


def proof(
    organisation: str,
    targets: Targets,
    at: datetime,
    parts: tuple[Settled, ...],
    missing: tuple[str, ...] = (),
    caught: tuple[Caught, ...] = (),
) -> Proof:
    """One proof of all parts; the targets, without passwords, stand for the declaration in it."""
    return Proof(
        organisation=organisation,
        domain=targets.domain,
        at=at,
        program=f"Hauberk {hauberk.__version__}",
        declaration=hashlib.sha256(encode(without_secrets(targets))).hexdigest(),
        outcomes=tuple(one for part in parts for one in part.outcomes),
        transcripts=tuple(one for part in parts for one in part.transcripts),
        missing=missing,
        mutations=caught,
    )


def planned(targets: Targets, attempts: tuple[Attempt, ...]) -> tuple[str, ...]:
    """The probes that these targets call for and that were not run."""
    ran = {attempt.probe.id for attempt in attempts}
    return tuple(one.probe.id for one in all_experiments(targets) if one.probe.id not in ran)


def without_secrets(targets: Targets) -> Targets:
    def bare(account: Account | None) -> Account | None:
        return replace(account, password="") if account else None

    return replace(
        targets,
        mailbox=replace(targets.mailbox, password=""),
        colleague=replace(targets.colleague, password=""),
        suspended=bare(targets.suspended),
        leaver=bare(targets.leaver),
        leaver_app=bare(targets.leaver_app),
        mover=bare(targets.mover),
        keyed_secret="",
        certified_secret="",
    )


def seen(caught: Caught) -> str:
    """Whether a mutation was noticed, in words."""
    if set(caught.caught_by) >= set(caught.expected):
        return f"caught by {', '.join(caught.caught_by)}"
    return f"MISSED: {caught.trouble}"
