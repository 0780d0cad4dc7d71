"""`hauberk push`: evidence handed over to a compliance platform."""

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hauberk.cli import exits

push = typer.Typer(help="Hand evidence over to a compliance platform.", no_args_is_help=True, rich_markup_mode=None)

File = Annotated[Path, typer.Argument(help="A report or an evidence pack.")]
Day = Annotated[datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="The day of the scan; else the one in the file's name.")]


@push.callback()
def group() -> None:
    """Hand evidence over to a compliance platform. Credentials come from environment variables."""


@push.command()
def drata(
    file: File,
    workspace: Annotated[int, typer.Option("--workspace", min=1, help="The id of the workspace.")],
    evidence: Annotated[int, typer.Option("--evidence", min=0, help="The id of the evidence item that takes the file.")] = 0,
    name: Annotated[str, typer.Option("--name", help="The item's name; else the file's name without its date. Made if need be.")] = "",
    owner: Annotated[int, typer.Option("--owner", min=0, help="The id of the user who owns an item that is made.")] = 0,
    control: Annotated[list[int] | None, typer.Option("--control", help="The id of a control for an item that is made.")] = None,
    region: Annotated[str, typer.Option("--region", help="Where the account is: us, eu or apac.")] = "us",
    url: Annotated[str, typer.Option("--url", help="The API's address, instead of a region's.")] = "",
    date: Day = None,
) -> None:
    """Add a file to an item of Drata's evidence library. The API key is in DRATA_API_KEY."""
    _needed()
    from hauberk.app.push.drata import BASES, Drata, Library
    from hauberk.app.push.evidence import series_name
    from hauberk.cli.push_run import run_push

    if not url and region not in BASES:
        exits.refuse(f"--region {region[:20]!r} is none of {', '.join(BASES)}")
    token = _secret("DRATA_API_KEY")
    library = Library(workspace, name or series_name(file.name), evidence, owner, tuple(control or ()))
    raise typer.Exit(run_push("Drata", url or BASES[region], file, date, lambda exchange: Drata(exchange, token, library)))


@push.command()
def vanta(
    file: File,
    document: Annotated[str, typer.Option("--document", help="The id in the address of the document's page.")],
    submit: Annotated[bool, typer.Option("--submit", help="Submit the document: it is complete with this file.")] = False,
    gov: Annotated[bool, typer.Option("--gov", help="The account is on Vanta Gov.")] = False,
    url: Annotated[str, typer.Option("--url", help="The API's address, instead of Vanta's.")] = "",
    date: Day = None,
) -> None:
    """Upload a file to a document in Vanta. Credentials are in VANTA_CLIENT_ID and VANTA_CLIENT_SECRET, or a token in VANTA_TOKEN."""
    _needed()
    from hauberk.app.push.vanta import BASES, Credentials, Vanta
    from hauberk.cli.push_run import run_push

    if os.environ.get("VANTA_TOKEN"):
        credentials = Credentials(token=_secret("VANTA_TOKEN"))
    else:
        credentials = Credentials(_secret("VANTA_CLIENT_ID"), _secret("VANTA_CLIENT_SECRET"))
    base = url or BASES["gov" if gov else "commercial"]
    raise typer.Exit(run_push("Vanta", base, file, date, lambda exchange: Vanta(exchange, credentials, document, submit=submit)))


def _needed() -> None:
    try:
        import httpx  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ModuleNotFoundError:
        exits.refuse("push wants httpx, which comes with the extra `server`: run `make server` in the checkout")


def _secret(variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        exits.refuse(f"the environment variable {variable} is not set")
    if not (value.isascii() and value.isprintable() and " " not in value):
        exits.refuse(f"the environment variable {variable} holds characters that no key has")
    return value
