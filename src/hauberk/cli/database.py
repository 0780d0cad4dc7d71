"""`hauberk backup` and `hauberk restore`: the database of a server, kept elsewhere and brought back."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from hauberk.cli import exits

T = TypeVar("T")

Database = Annotated[
    str,
    typer.Option("--database", envvar="HAUBERK_DATABASE", help="The database: sqlite:///FILE or postgresql://USER@HOST/NAME."),
]
DEFAULT = "sqlite:///hauberk.db"  # as `hauberk.store.url.DEFAULT`, which is not imported before a command needs it


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup to write; one that is there is never overwritten.")],
    database: Database = DEFAULT,
) -> None:
    """Write everything in the database to one file, while the server goes on serving. The file holds secrets: keep it as such."""
    with_store()
    from hauberk.store.backup import backup as take

    done(take(database, file))
    typer.echo(f"written {file}", err=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup, of this version or an earlier one.")],
    database: Database = DEFAULT,
    replace: Annotated[bool, typer.Option("--replace", help="Replace all that the database holds now.")] = False,
) -> None:
    """Bring a backup into a database, SQLite or PostgreSQL, whichever it was taken from."""
    with_store()
    from hauberk.store.backup import restore as bring

    done(bring(file, database, replace=replace))
    typer.echo(f"restored {file}", err=True)


def with_store() -> None:
    """Refuse clearly where the extra is not installed."""
    try:
        import sqlalchemy.ext.asyncio  # noqa: F401 # pyright: ignore[reportUnusedImport] - only whether it is there
    except ImportError:
        exits.refuse("a database needs more than a scan does: run `make server` in the checkout")


def done(work: Coroutine[object, object, T]) -> T:
    """Run it; an error of the store ends the command with its message: code 3 where trying again later can help, else 2."""
    from hauberk.app.loop import run
    from hauberk.store.errors import StoreError

    try:
        return run(work)
    except StoreError as error:
        exits.refuse(str(error), exits.INCOMPLETE if error.may_pass else exits.USAGE)
