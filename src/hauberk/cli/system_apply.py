"""`hauberk system apply` and `rollback`: to the hosts, and back."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hauberk.cli import exits
from hauberk.cli.system_plan import MAIL_TOML, DeclarationFile, Root, open_system

if TYPE_CHECKING:
    from hauberk.system.apply.machine import Machine
    from hauberk.system.apply.site import Site

Only = Annotated[list[str] | None, typer.Option("--host", metavar="ROLE", help="Only this host: mta, mda or firewall. May be repeated.")]


def apply(
    declaration: DeclarationFile = MAIL_TOML,
    root: Root = None,
    host: Only = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, as a diff, and change nothing.")] = False,
) -> None:
    """Bring the hosts to what the declaration says: change what differs, have each component check it, reload only what changed.

    The files from before are kept on each host; `rollback` goes back to them.
    """
    from hauberk.system.apply.changes import described
    from hauberk.system.apply.deploy import RefusedError, compare, put

    def one(site: "Site", on: "Machine") -> None:
        found = compare(site, on)
        typer.echo(
            f"{site.role.value} {site.name}: {len(found)} of {len(site.tree.files)} files differ"
            if found
            else f"{site.role.value} {site.name}: as declared"
        )
        for change in found:
            for line in described(change):
                typer.echo(f"  {line}")
        if found and not dry_run:
            try:
                put(site, found, on, _say)
            except RefusedError as error:
                exits.refuse(str(error), exits.FINDINGS)

    _each(_chosen(declaration, root, host), one)


def rollback(declaration: DeclarationFile = MAIL_TOML, root: Root = None, host: Only = None) -> None:
    """Put back what was on the hosts before the last apply, and reload what that concerns."""
    from hauberk.system.apply.deploy import RefusedError, roll_back

    def one(site: "Site", on: "Machine") -> None:
        try:
            touched = roll_back(site, on, _say)
        except RefusedError as error:
            exits.refuse(str(error), exits.FINDINGS)
        typer.echo(f"{site.role.value} {site.name}: {len(touched)} files are as they were before")

    _each(_chosen(declaration, root, host), one)


def _chosen(declaration: Path, root: Path | None, host: list[str] | None) -> "tuple[Site, ...]":
    from hauberk.app.mail_system import collision, sites
    from hauberk.system.declaration import Role

    known = {role.value: role for role in Role}
    unknown = [name for name in host or () if name not in known]
    if unknown:
        exits.refuse(f"--host {unknown[0]}: there are {', '.join(known)}")
    found = sites(open_system(declaration), root, frozenset(known[name] for name in host or ()))
    if not found:
        exits.refuse("the declaration names no such host")
    if reason := collision(found):
        exits.refuse(reason)
    return found


def _each(found: "tuple[Site, ...]", work: "Callable[[Site, Machine], None]") -> None:
    try:
        from hauberk.system.apply.machine import MachineError, machine
    except ModuleNotFoundError as error:
        exits.refuse(f"{error.name} is not installed: install hauberk with its `system` extra")
    for site in found:
        try:
            with machine(site.name, site.reach) as on:
                work(site, on)
        except MachineError as error:
            exits.refuse(str(error), exits.INCOMPLETE)


def _say(line: str) -> None:
    typer.echo(line, err=True)
