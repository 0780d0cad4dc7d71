"""Puts this checkout into the running virtual environment: `src` on its path and the `hauberk` command in its bin folder."""

import sys
import sysconfig
from pathlib import Path

COMMAND = """#!{python}
import sys

from hauberk.cli.start import run

if __name__ == "__main__":  # a process that multiprocessing starts reads this file again
    sys.exit(run())
"""


def link() -> None:
    source = Path(__file__).resolve().parent.parent / "src"
    Path(sysconfig.get_path("purelib"), "hauberk.pth").write_text(f"{source}\n", encoding="utf-8")
    command = Path(sysconfig.get_path("scripts"), "hauberk")
    command.write_text(COMMAND.format(python=sys.executable), encoding="utf-8")
    command.chmod(0o755)


if __name__ == "__main__":
    link()
