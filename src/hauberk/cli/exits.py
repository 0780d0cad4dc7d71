"""Exit codes, and how a command ends early with a message."""

import sys
from typing import NoReturn

import typer

FINE = 0
FINDINGS = 1
USAGE = 2
INCOMPLETE = 3
INTERNAL = 4


def refuse(message: str, code: int = USAGE) -> NoReturn:
    """Say on stderr why the command cannot be done, and end."""
    sys.stderr.write(f"hauberk: {message}\n")
    raise typer.Exit(code)
