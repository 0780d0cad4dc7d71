"""`hauberk system init`: a few questions, a declaration with comments, keys, and the DNS records to publish."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hauberk.cli import exits
from hauberk.cli.system_plan import MAIL_TOML


def init(
    out: Annotated[Path, typer.Argument(metavar="DECLARATION", help="Where to write it; one that is there is kept.")] = MAIL_TOML,
    organisation: Annotated[str, typer.Option(help="The organisation's name.")] = "",
    domain: Annotated[list[str] | None, typer.Option(metavar="DOMAIN", help="What stands after the @. May be repeated.")] = None,
    mta_name: Annotated[str, typer.Option(metavar="NAME", help="The host in the DMZ; mx1.DOMAIN.")] = "",
    mta_address: Annotated[list[str] | None, typer.Option(metavar="IP", help="Its address. May be repeated.")] = None,
    mda_name: Annotated[str, typer.Option(metavar="NAME", help="The host inside; mail.DOMAIN.")] = "",
    mda_address: Annotated[list[str] | None, typer.Option(metavar="IP", help="Its address. May be repeated.")] = None,
    dmz: Annotated[list[str] | None, typer.Option(metavar="NETWORK", help="The networks of the DMZ; those around the MTA.")] = None,
    inside: Annotated[list[str] | None, typer.Option(metavar="NETWORK", help="The servers' networks; those around the MDA.")] = None,
    workstations: Annotated[list[str] | None, typer.Option(metavar="NETWORK", help="People's networks. May be repeated.")] = None,
    administration: Annotated[list[str] | None, typer.Option(metavar="NETWORK", help="From where the hosts take SSH.")] = None,
    workstation_product: Annotated[
        list[str] | None, typer.Option(metavar="PRODUCT=FAMILY", help="A virus scanner on workstations, and the family of its engine.")
    ] = None,
) -> None:
    """Write a declaration with sound defaults and comments, make its keys, and print the DNS records; asks for what no option gave."""
    from hauberk.app.mail_system import DeclarationError, key_folder
    from hauberk.app.scanning import now
    from hauberk.app.system_draft import Answers, draft
    from hauberk.system import material_folder
    from hauberk.system.declaration_writing import write
    from hauberk.system.render.zone import zone

    if out.exists():
        exits.refuse(f"there is a declaration already: {out}")
    given = Answers(
        organisation or _ask("The organisation's name"),
        tuple(domain or _ask_list("Its mail domains")),
        mta_name,
        tuple(mta_address or _ask_list("The addresses of the host in the DMZ")),
        mda_name,
        tuple(mda_address or _ask_list("The addresses of the host inside")),
        tuple(dmz or ()),
        tuple(inside or ()),
        tuple(workstations or _ask_list("The networks of the workstations")),
        tuple(administration or ()),
        tuple(workstation_product or ()),
    )
    today = now().date()
    try:
        found = draft(given)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(write(found), "utf-8")
        made = material_folder.make(found, key_folder(out), today)
        material = material_folder.load(key_folder(out), today)
    except DeclarationError as error:
        exits.refuse(str(error))
    except OSError as error:
        exits.refuse(f"{error.filename}: {error.strerror}", exits.INTERNAL)
    typer.echo(f"{out} is written; {len(made)} keys and certificates are in {key_folder(out)}: keep that folder to yourself", err=True)
    typer.echo("Read it, then `hauberk system plan`. These records go into the zone, a TLSA record follows with the certificate:", err=True)
    typer.echo(zone(found, material), nl=False)


def _ask(question: str) -> str:
    if not sys.stdin.isatty():
        exits.refuse(f"{question.lower()}: give it as an option; there is nobody to ask (see --help)")
    return str(typer.prompt(question, err=True))


def _ask_list(question: str) -> list[str]:
    return _ask(f"{question}, with spaces between").replace(",", " ").split()
