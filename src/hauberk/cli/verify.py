"""`hauberk verify`: is this report what its signer signed, does it follow from its evidence, and is it fresh?"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from hauberk.cli import exits
from hauberk.cli.database import DEFAULT, Database


class VerifyFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


def verify(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Signed reports (PDF, PNG, JPG), tapes, or their .sig files.")
    ] = None,
    trust: Annotated[
        list[Path] | None,
        typer.Option("--trust", metavar="PEM", help="A key or certificate that is trusted; with it, no other will do. May be repeated."),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Only what is fresh (90 days from the observation) is valid.")] = False,
    code: Annotated[str, typer.Option("--code", help="The text of a picture's QR code, in place of a file.")] = "",
    rubric: Annotated[list[Path] | None, typer.Option("--rubric", help="A rubric (.toml) of your own that a report was scored by.")] = None,
    chain: Annotated[bool, typer.Option("--chain", help="Verify the chain of evidence of every tenant in the database.")] = False,
    database: Database = DEFAULT,
    head: Annotated[
        list[str] | None,
        typer.Option("--head", metavar="TENANT=NUMBER:DIGEST", help="With --chain: the end of a chain as it once was. May be repeated."),
    ] = None,
    format: Annotated[VerifyFormat, typer.Option("--format", "-f", help="What to print.")] = VerifyFormat.TEXT,
) -> None:
    """Verify reports, offline: who signed what and when, that nothing was changed, and that the verdicts follow from the evidence.

    Exit codes: 0 all valid, 1 one is not valid, 2 usage. Without --trust any signer will do, and only the fingerprint says who it is.
    """
    if chain:
        if files or code:
            exits.refuse("--chain verifies a database, not files: run the command twice")
        from hauberk.cli.verify_chain import run_verify_chain

        raise typer.Exit(run_verify_chain(database, tuple(head or ()), format.value))
    from hauberk.cli.verify_run import VerifyRequest, run_verify

    request = VerifyRequest(tuple(files or ()), tuple(trust or ()), fresh, code, tuple(rubric or ()), format.value)
    raise typer.Exit(run_verify(request))
