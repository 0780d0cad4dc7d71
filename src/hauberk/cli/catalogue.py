"""`hauberk catalogue`, `explain` and `new-check`: the checks as pages, and a skeleton for a new one."""

from enum import StrEnum
from typing import Annotated

import typer

from hauberk.cli import exits


class CatalogueFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def catalogue(
    format: Annotated[CatalogueFormat, typer.Option("--format", "-f", help="How to print it.")] = CatalogueFormat.TEXT,
) -> None:
    """List every check: what it wants, and where that is written."""
    from hauberk.cli.pages import catalogue_json, catalogue_markdown, catalogue_text

    writers = {
        CatalogueFormat.TEXT: catalogue_text,
        CatalogueFormat.JSON: catalogue_json,
        CatalogueFormat.MARKDOWN: catalogue_markdown,
    }
    typer.echo(writers[format](), nl=False)


def explain(check: Annotated[str, typer.Argument(help="The id of a check, like dmarc.policy-enforced.")]) -> None:
    """Say what a check means, why it matters, how to mend it and where it is written."""
    from hauberk.checks.catalogue import entries
    from hauberk.cli.pages import near, page

    found = next((entry for entry in entries() if entry.check.id == check.strip().lower()), None)
    if found is None:
        hint = " or ".join(near(check))
        exits.refuse(f"there is no check {check[:80]!r}; " + (f"did you mean {hint}?" if hint else "see `hauberk catalogue`"))
    typer.echo(page(found), nl=False)


def new_check(id: Annotated[str, typer.Argument(help="area.state-wanted, so that a pass reads as English.")]) -> None:
    """Make the skeleton of a new check in this checkout: its file and its table of cases."""
    from hauberk.cli.skeleton import SkeletonError, write_skeleton

    try:
        written = write_skeleton(id)
    except SkeletonError as error:
        exits.refuse(str(error))
    for path in written:
        typer.echo(path)
