"""Proving on the stage: every vantage's probes as a process in its zone, all of them at once, and then what was delivered."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pysequoia import Tsk

from hauberk.system.accounts.account import State as AccountState
from hauberk.system.declaration import Role
from hauberk.system.gateway.keykeeping import take_in
from hauberk.system.gateway.keystore import KeyStore
from hauberk.system.prove import gathering, vantage
from hauberk.system.prove.accounts import KICKED
from hauberk.system.prove.catalogue import experiments_at
from hauberk.system.prove.declared import Testers, targets
from hauberk.system.prove.experiment import run_all
from hauberk.system.prove.probe import Attempt, Place, Vantage
from hauberk.system.prove.settling import Gathered
from hauberk.system.prove.targets import Account, Canaries, Files, Outside, PublishedKey, Targets, encode
from hauberk.system.prove.testers_file import SECOND_CANARY
from hauberk.system.prove.wire import UnansweredError
from hauberk.system.stage import play, signatures
from hauberk.system.stage.commands import StageError
from hauberk.system.stage.pki import mail_certificate
from hauberk.system.stage.stage import Stage
from hauberk.system.stage.standing import standing_in

_SINK = f"sink@{play.PARTNER}"
_KEYED, _CERTIFIED = f"keyed@{play.PARTNER}", f"certified@{play.PARTNER}"
_SECONDS = 240.0
_DELIVERY = 12.0


def stage_targets(stage: Stage, at: datetime) -> Targets:
    """The people of the play and its partner, as test accounts. The gateway is given a key and a certificate of two at the partner's."""
    secret, certified = Tsk.generate(f"Keyed Correspondent <{_KEYED}>"), mail_certificate(_CERTIFIED, at)
    store = KeyStore(Path(stage.props.places[Role.MDA].content_keys))
    take_in(store, str(secret.extract_certificate()).encode())
    take_in(store, certified.chain_pem)
    mta = stage.props.places[Role.MTA]
    listing = ("postqueue", "-c", mta.postfix, "-j")
    files = Files(mta.clamav_database, stage.declaration.engines.updates_days, (str(stage.root(Role.MTA)),), listing)
    accounts = Testers(
        mailbox=_account(play.ALICE),
        colleague=_account(play.BOB),
        outside=Outside(
            _SINK,
            f"probe@{play.ATTACKER}",
            play.ATTACKER_HOST,
            impersonated=f"director@{play.PARTNER}",
            wrong_tlsa=play.WRONG_TLSA,
            sources=play.ATTACKER_ADDRESSES,
        ),
        alias=play.ALICE.aliases[0],
        suspended=_account(play.CAROL),
        leaver=_account(play.ERIN),
        leaver_alias=play.ERIN.aliases[0],
        keyed=_KEYED,
        keyed_secret=str(secret),
        certified=_CERTIFIED,
        certified_secret=(certified.key_pem + certified.chain_pem).decode(),
        unkeyed=_SINK,
        canaries=Canaries(signatures.FIRST_ENGINE_CANARY, SECOND_CANARY),
        internet=play.PARTNER_ADDRESSES,
        workstations=play.WORKSTATION_ADDRESSES,
        anchors=stage.props.root_pem.read_text(),
        files=files,
    )
    published = tuple(PublishedKey(key.selector, key.public) for key in stage.props.material.dkim if key.domain == play.DOMAIN)
    return targets(stage.declaration, accounts, published)


def with_leaver(wanted: Targets, person: play.Person, app_password: str) -> Targets:
    """Somebody who could log in and receive a moment ago."""
    return replace(wanted, leaver=_account(person), leaver_alias=person.aliases[0], leaver_app=Account(person.login, app_password))


def _account(person: play.Person) -> Account:
    return Account(person.login, person.password)


async def attempts_from(stage: Stage, zone: Vantage, wanted: Targets, only: tuple[str, ...] = ()) -> tuple[Attempt, ...]:
    """The probes of one vantage, in its namespace. Raises `StageError`."""
    arguments = (zone.value, *(("--only", ",".join(only)) if only else ()))
    finished = await stage.python(zone, "hauberk.system.prove.vantage", *arguments, stdin=encode(wanted), seconds=_SECONDS)
    if finished.code:
        raise StageError(finished.complaint)
    return vantage.decode(finished.stdout)


async def attempts_standing_in(stage: Stage, zone: Vantage, wanted: Targets, only: tuple[str, ...]) -> tuple[Attempt, ...]:
    """The same from a thread that stands in the namespace: a second sooner, for the many short runs of the mutations."""

    def stand() -> tuple[Attempt, ...]:
        with standing_in(stage.layout.namespace(zone)):
            return asyncio.run(run_all(experiments_at(wanted, zone, only), wanted, vantage.now))

    return await asyncio.to_thread(stand)


async def attempts_everywhere(stage: Stage, wanted: Targets, only: tuple[str, ...] = ()) -> tuple[Attempt, ...]:
    """All vantages at the same time."""
    found = await asyncio.gather(*(attempts_from(stage, zone, wanted, only) for zone in Vantage))
    return tuple(attempt for part in found for attempt in part)


async def gathered(stage: Stage, wanted: Targets, attempts: tuple[Attempt, ...], seconds: float = _DELIVERY) -> Gathered:
    """What came to our mailboxes, to the sink, and what waits in the MTA's queue: read where it lies on this machine."""

    async def listing() -> bytes:
        finished = await stage.inside(Vantage.DMZ, *wanted.files.queue)
        if finished.code:
            raise UnansweredError(finished.complaint)
        return finished.stdout

    outside = stage.sink(_SINK).parent.parent
    seekers = {
        Place.MAILBOX: gathering.maildir(stage.mailbox(wanted.mailbox.address), Place.MAILBOX),
        Place.SINK: gathering.maildir(outside, Place.SINK),
        Place.QUEUE: gathering.queue(listing),
    }
    return await gathering.gather(attempts, seekers, seconds)


async def kicked(
    stage: Stage, wanted: Targets, person: play.Person, clock: Callable[[], datetime], *, kick: bool = True
) -> tuple[Attempt, ...]:
    """Somebody's session is open when the account is deactivated; without `kick` it is left alone, as a careless procedure would."""
    moving = replace(wanted, mover=_account(person))
    running = asyncio.create_task(attempts_from(stage, Vantage.WORKSTATION, moving, (KICKED,)))
    settings = f"{stage.props.places[Role.MDA].dovecot}/dovecot.conf"
    while not running.done():
        who = await stage.inside(Vantage.INSIDE, "doveadm", "-c", settings, "who", person.login)
        if person.login in who.text:
            if kick:
                await stage.set_state(person.login, AccountState.DEACTIVATED, clock())
            else:
                await stage.directory.set_state(person.login, AccountState.DEACTIVATED, clock())
            break
        await asyncio.sleep(0.1)
    return await running


def queues(stage: Stage) -> tuple[tuple[Vantage, str], ...]:
    """Where Postfix runs, and the folder of its settings."""
    return ((Vantage.DMZ, stage.props.places[Role.MTA].postfix), (Vantage.INSIDE, stage.props.places[Role.MDA].postfix))
