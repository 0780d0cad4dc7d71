"""`hauberk server`: what a server's database is told on the command line, so that no browser is needed to automate it."""

from typing import Annotated

import typer

from hauberk.cli.database import DEFAULT, Database, done, with_store

server = typer.Typer(help="Set up a server's database without a browser: organisations and API tokens.", no_args_is_help=True)


@server.command()
def organisation(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As it stands on reports, like 'Example Ltd'.")],
    database: Database = DEFAULT,
) -> None:
    """Found an organisation; its short name, which the other commands want, goes to stdout. A new database is made where there is none."""
    with_store()
    from hauberk.cli.server_run import found

    typer.echo(done(found(database, name)))


@server.command()
def token(
    scope: Annotated[
        list[str], typer.Option("--scope", help="What it may do: read, scan, report, verify, manage, metrics; may be repeated.")
    ],
    tenant: Annotated[str, typer.Option("--tenant", help="The organisation's short name; needed where there are several.")] = "",
    name: Annotated[
        str, typer.Option("--name", help="What it is for; stands in the list of tokens and beside what it did.")
    ] = "command line",
    days: Annotated[int, typer.Option("--days", min=0, max=3650, help="How long it holds; 0 until it is revoked.")] = 365,
    database: Database = DEFAULT,
) -> None:
    """Issue an API token. It goes to stdout, this once: the database keeps its digest only."""
    with_store()
    from hauberk.cli.server_run import TokenOrder, issue

    typer.echo(done(issue(database, TokenOrder(tuple(scope), tenant, name, days))))


@server.command()
def organisations(database: Database = DEFAULT) -> None:
    """List the organisations that are in service: short name, a tab, name."""
    with_store()
    from hauberk.cli.server_run import listed

    for line in done(listed(database)):
        typer.echo(line)


@server.command()
def archive(
    tenant: Annotated[str, typer.Argument(metavar="ORGANISATION", help="Its short name.")],
    back: Annotated[bool, typer.Option("--back", help="Bring it back into service.")] = False,
    database: Database = DEFAULT,
) -> None:
    """Take an organisation out of service: nobody works in it, its tokens and links hold no longer, nothing is scanned. Evidence stays."""
    with_store()
    from hauberk.cli.server_run import archive

    done(archive(database, tenant, back=back))
