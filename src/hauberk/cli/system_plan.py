"""`hauberk system plan`, `records` and `rotate`: what would be where, what is to be published, and new keys in time."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hauberk.cli import exits

if TYPE_CHECKING:
    from hauberk.app.mail_system import System
    from hauberk.system.apply.site import Site

DeclarationFile = Annotated[Path, typer.Argument(metavar="DECLARATION", help="The declaration; its keys are beside it, in mail.keys.")]
Root = Annotated[
    Path | None, typer.Option("--root", metavar="FOLDER", help="Put every host below this folder of this machine; nothing is started.")
]
MAIL_TOML = Path("mail.toml")


def open_system(path: Path) -> "System":
    """The declaration and its keys, or an end with a message."""
    from hauberk.app.mail_system import DeclarationError, MaterialError, opened
    from hauberk.app.scanning import now

    try:
        return opened(path, now().date())
    except (DeclarationError, MaterialError) as error:
        exits.refuse(str(error))


def plan(
    declaration: DeclarationFile = MAIL_TOML,
    root: Root = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help="Write the files there, to read them.")] = None,
) -> None:
    """Say what would be where, which flows are open, and what to think about; change nothing."""
    from hauberk.app.mail_system import sites
    from hauberk.system.render.nftables import flows
    from hauberk.system.warnings import notices

    system = open_system(declaration)
    found = sites(system, root)
    for site in found:
        typer.echo(
            f"{site.role.value}: {site.name}, {'by ssh ' + site.reach if site.reach else 'this machine'}, {len(site.tree.files)} files"
        )
        for one in site.tree.files:
            typer.echo(f"    {one.component.value:14}{one.path}  {one.owner} {one.mode:04o}{'  secret' if one.secret else ''}")
    typer.echo("flows, everything else is dropped")
    for flow in flows(system.declaration):
        doors = ", ".join(str(port) for port in flow.ports)
        typer.echo(f"    {flow.origin.value:12}-> {flow.target.value:12}{doors:14}{flow.why}")
    noted = notices(system.declaration, system.material, system.today)
    if noted:
        typer.echo("to think about")
    for one in noted:
        typer.echo(f"  {'!!' if one.loud else '  '}{one.about}: {one.what}")
    if out:
        _write(found, out)


def _write(found: "tuple[Site, ...]", out: Path) -> None:
    """For reading only: secrets are left out."""
    try:
        for site in found:
            for one in site.tree.files:
                path = out / site.role.value / one.path.lstrip("/")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"(a secret)\n" if one.secret else one.content)
            (out / site.role.value / "MANIFEST.json").write_text(site.tree.manifest())
    except OSError as error:
        exits.refuse(f"{error.filename}: {error.strerror}", exits.INTERNAL)
    typer.echo(f"written to {out}")


def records(declaration: DeclarationFile = MAIL_TOML) -> None:
    """Print the DNS records to publish, as a zone snippet."""
    from hauberk.system.render.zone import zone

    system = open_system(declaration)
    typer.echo(zone(system.declaration, system.material), nl=False)


def rotate(declaration: DeclarationFile = MAIL_TOML) -> None:
    """Make the DKIM keys whose time has come, and say what to publish and what to take out; safe to run every day."""
    from hauberk.app.mail_system import DeclarationError, MaterialError, declared, key_folder
    from hauberk.app.scanning import now
    from hauberk.system import material_folder

    today = now().date()
    try:
        found, folder = declared(declaration), key_folder(declaration)
        made = material_folder.make(found, folder, today)
        gone = material_folder.retire(found, folder, today)
    except (DeclarationError, MaterialError) as error:
        exits.refuse(str(error))
    except OSError as error:
        exits.refuse(f"{error.filename}: {error.strerror}", exits.INTERNAL)
    for name in made:
        typer.echo(f"made     {name}")
    for name in gone:
        typer.echo(f"retired  {name}")
    if made or gone:
        typer.echo("publish what `hauberk system records` prints, then `hauberk system apply`")
    else:
        typer.echo("no key is due")
