"""The stage: the whole mail system on this machine, from nothing but the rendering, with an internet around it.

async with stage(at) as running:
    await running.inside(Zone.INTERNET, "dig", "mx1.corp.test")
"""

import asyncio
import secrets
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hauberk.system import material_folder
from hauberk.system.accounts import recipients
from hauberk.system.accounts.account import Alias, State
from hauberk.system.accounts.directory import Directory
from hauberk.system.accounts.source import url_of
from hauberk.system.declaration import Declaration, Role, Zone
from hauberk.system.declaration_writing import write as written
from hauberk.system.material import Material
from hauberk.system.places import Places
from hauberk.system.render.host import render
from hauberk.system.render.zone import records
from hauberk.system.stage import cast, dnstree, host, leftovers, namespaces, outside, play, signatures, warmth, zones
from hauberk.system.stage.commands import PATIENCE, Finished, StageError, must, run
from hauberk.system.stage.daemons import Daemon, Daemons
from hauberk.system.stage.keeper import Keeper
from hauberk.system.stage.layout import Layout
from hauberk.system.stage.outside import Outside
from hauberk.system.stage.pki import Authority
from hauberk.system.stage.suffixes import suffixes
from hauberk.system.tree import Component, Folder, RenderedFile, Tree

_PYTHON = sys.executable


@dataclass(frozen=True, slots=True)
class Props:
    """What was made before the play begins; `root_pem` is the authority that its internet trusts."""

    declaration: Declaration
    material: Material
    places: Mapping[Role, Places]
    trees: Mapping[Role, Tree]
    outside: Outside
    root_pem: Path


class Stage:
    """A stage that runs. Names of daemons: `mta.postfix`, `mda.gateway`, `outside.nsd` ... (`cast.py`, `outside.py`)."""

    def __init__(self, folder: Path, layout: Layout, props: Props) -> None:
        self.folder = folder
        self.layout = layout
        self.props = props
        self.daemons = Daemons(layout, folder / "log")
        self.directory = Directory(url_of(props.declaration.accounts, props.places[Role.MDA]))
        self._cast: dict[str, Daemon] = {one.name: one for one in _cast(props)}

    @property
    def declaration(self) -> Declaration:
        return self.props.declaration

    @property
    def names(self) -> tuple[str, ...]:
        """Of all daemons."""
        return tuple(self._cast)

    async def inside(self, zone: str, *command: str, stdin: bytes | None = None, seconds: float = PATIENCE) -> Finished:
        """Run a command in a zone; what it came to, whatever its code."""
        return await run(
            *namespaces.inside(self.layout, zone), *command, stdin=stdin, seconds=seconds, environment=namespaces.environment()
        )

    async def python(self, zone: str, module: str, *arguments: str, stdin: bytes | None = None, seconds: float = PATIENCE) -> Finished:
        """Run `python -m module` in a zone, with this program on its path."""
        return await self.inside(zone, _PYTHON, "-m", module, *arguments, stdin=stdin, seconds=seconds)

    async def start(self, name: str) -> None:
        await self.daemons.start(self._cast[name])

    async def stop(self, name: str, *, hard: bool = False) -> None:
        await self.daemons.stop(name, hard=hard)

    async def restart(self, name: str) -> None:
        await self.stop(name)
        await self.start(name)

    async def replace(self, role: Role, path: str, content: bytes) -> bytes:
        """Change one rendered file (nothing is restarted); its content before."""
        file = self.props.trees[role][path]
        before = await asyncio.to_thread(Path(path).read_bytes)
        await asyncio.to_thread(host.put, replace(file, content=content), self.root(role))
        return before

    async def reload_rules(self, role: Role) -> None:
        """Load the nftables rules of a host, or between the zones, from its tree as it now is."""
        zone = cast.ZONES.get(role, "firewall")
        rules = f"{self.props.places[role].nftables}/nftables.conf"
        await must(*namespaces.inside(self.layout, zone), "nft", "-f", rules)

    @property
    def declaration_file(self) -> Path:
        """mail.toml."""
        return self.folder / "mail.toml"

    def root(self, role: Role) -> Path:
        return self.folder / role.value

    def mailbox(self, login: str) -> Path:
        """The maildir of somebody inside."""
        return Path(self.props.places[Role.MDA].mail) / login

    def sink(self, address: str) -> Path:
        """The maildir that somebody outside reads: one for all of the domain."""
        return Path(self.props.outside.mail) / address.rpartition("@")[2] / "all"

    async def set_state(self, login: str, state: State, at: datetime) -> None:
        """As `hauberk account` does it: the directory, the MTA's copy, open sessions."""
        await self.directory.set_state(login, state, at)
        await self.push()
        if state is not State.ACTIVE:
            await self.inside(Zone.INSIDE, "doveadm", "-c", f"{self.props.places[Role.MDA].dovecot}/dovecot.conf", "kick", login)

    async def push(self) -> None:
        """Bring the MTA's copy of the recipients up to date."""
        known = await self.directory.recipients()
        await asyncio.to_thread(recipients.write, Path(self.props.places[Role.MTA].recipients), known)


@asynccontextmanager
async def stage(
    at: datetime, folder: Path | None = None, declare: Callable[[Declaration], Declaration] = lambda declared: declared
) -> AsyncGenerator[Stage]:
    """Set up, hand over, and take everything down whatever happens. `at` (aware, UTC) dates certificates and signatures.

    `folder` is kept if it is given, and must be new or empty; it should be short (sockets). `declare` may change what the play's
    organisation declares. Raises `StageError`.
    """
    if reason := namespaces.obstacle():
        raise StageError(reason)
    await asyncio.to_thread(leftovers.sweep)
    name = f"hbk{secrets.token_hex(3)}"
    own = folder or Path(f"/tmp/{name}")  # noqa: S108 - made anew below, with a name that nobody can guess
    own.mkdir(mode=0o755, parents=True, exist_ok=folder is not None)
    own.chmod(0o755)
    declared = declare(play.declaration(str(own / "mta"), str(own / "mda")))
    layout = play.layout(name, declared)
    keeper = Keeper(leftovers.write(name, layout.namespaces, "" if folder else str(own)))
    running: Stage | None = None
    try:
        props = await asyncio.to_thread(_prepare, declared, own, at)
        running = Stage(own, layout, props)
        await _enter(running, at)
        yield running
    finally:
        if running:
            await running.daemons.stop_all()
            await running.directory.close()
        await asyncio.to_thread(keeper.release)


def _prepare(declared: Declaration, folder: Path, at: datetime) -> Props:
    """Keys, certificates, zones and all trees, on disk."""
    public = Authority("Play", at)
    mta_leaf = public.issue(declared.mta.name, *(f"mta-sts.{one}" for one in declared.domains))
    mda_leaf, partner = public.issue(declared.mda.name), public.issue(play.PARTNER_HOST, play.WRONG_TLSA_HOST, f"mx.{play.MTA_STS}")
    policies = public.issue(*(f"mta-sts.{one}" for one in (play.MTA_STS, play.BROKEN_MTA_STS)))
    for path, content, mode in (
        (declared.certificates.mta.certificate, mta_leaf.chain_pem, 0o644),
        (declared.certificates.mta.key, mta_leaf.key_pem, 0o600),
        (declared.certificates.mda.certificate, mda_leaf.chain_pem, 0o644),
        (declared.certificates.mda.key, mda_leaf.key_pem, 0o600),
        (declared.certificates.authorities, public.root_pem, 0o644),
        (f"{folder}/root.pem", public.root_pem, 0o644),
        (f"{folder}/mail.toml", written(declared).encode(), 0o644),
    ):
        host.put(RenderedFile(path, content, Component.SYSTEM, mode), folder)
    keys = folder / "keys"
    material_folder.make(declared, keys, at.date())
    current = material_folder.public_key_in(Path(declared.certificates.mta.certificate))
    following = ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    material = material_folder.load(keys, at.date(), (current, following))
    places = {role: Places.under(str(folder / role.value), _PYTHON) for role in Role}
    trees = {role: render(declared, material, role, places[role]) for role in Role}
    for role, tree in trees.items():
        host.write(tree, folder / role.value)
    beyond = Outside(str(folder / "internet"))
    ours = {one: "\n".join(str(record) for record in records(declared, material, one)) for one in declared.domains}
    signed = dnstree.build(zones.zones(declared, ours, partner.certificate), outside.SERVER, at)
    host.write(outside.tree(beyond, signed, partner, policies), folder / "internet")
    for path, text in ((declared.dns.trust_anchor, signed.anchor), (declared.dns.root_hints, signed.hints)):
        host.put(RenderedFile(path, text.encode(), Component.UNBOUND), folder)
    # Dovecot puts its socket there, perhaps before the first start of Postfix makes the folder.
    host.write(Tree((), (Folder(f"{places[Role.MDA].postfix_spool}/private", 0o700, "postfix:root"),)), folder)
    for role in (Role.MTA, Role.MDA):
        for name, text in signatures.files().items():
            host.put(
                RenderedFile(f"{places[role].clamav_database}/{name}", text.encode(), Component.FRESHCLAM, owner="clamav:clamav"), folder
            )
        for path, text in suffixes(places[role].rspamd):
            host.put(RenderedFile(path, text.encode(), Component.RSPAMD), folder)
        warmth.bring(Path(places[role].rspamd_data))
    (folder / "log").mkdir(exist_ok=True)
    return Props(declared, material, places, trees, beyond, folder / "root.pem")


async def _enter(running: Stage, at: datetime) -> None:
    props = running.props
    await namespaces.make(running.layout, Path(props.places[Role.FIREWALL].nftables) / "nftables.conf")
    for role in (Role.MTA, Role.MDA):
        await running.reload_rules(role)
    await _people(running.directory, at)
    await running.push()
    try:
        async with asyncio.TaskGroup() as group:
            for name in running.names:
                group.create_task(running.start(name))
    except* StageError as errors:
        raise StageError("; ".join(str(one) for one in errors.exceptions)) from None
    await asyncio.to_thread(warmth.keep, Path(props.places[Role.MTA].rspamd_data))


async def _people(directory: Directory, at: datetime) -> None:
    await directory.create()
    for person in play.PEOPLE:
        await directory.add(person.login, person.name, person.password or None, at)
        for alias in person.aliases:
            await directory.add_alias(Alias(alias, person.login), at)
        if person.state is not State.ACTIVE:
            await directory.set_state(person.login, person.state, at)


def _cast(props: Props) -> tuple[Daemon, ...]:
    declared = props.declaration
    return (
        *outside.daemons(props.outside),
        *cast.mta(declared, props.places[Role.MTA]),
        *cast.mda(declared, props.places[Role.MDA]),
    )
