"""`hauberk demo` and `hauberk lab`: the small internet on loopback."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from hauberk.cli import exits


def demo(
    out: Annotated[Path, typer.Option("--out", help="The folder that the reports go to.")] = Path("evidence"),
) -> None:
    """Scan an exemplary, a typical and a bad domain of the built-in lab and write their reports."""
    from hauberk.app.loop import run
    from hauberk.cli.demonstration import demonstrate

    code = run(demonstrate(out))
    raise typer.Exit(code)


def lab(
    file: Annotated[Path, typer.Argument(help="Where to write how the lab is reached (for `scan --network`).")] = Path("lab.json"),
) -> None:
    """Run the built-in lab until interrupted, for `hauberk scan exemplary.test --network lab.json`."""
    from hauberk.app.loop import run
    from hauberk.lab.internet import serve

    try:
        run(serve(file, ready=lambda: _told(file)))
    except OSError as error:
        exits.refuse(f"the lab cannot be started: {error}", exits.INTERNAL)


def _told(file: Path) -> None:
    sys.stderr.write(f"hauberk: the lab runs until Ctrl-C: hauberk scan exemplary.test --network {file}\n")
