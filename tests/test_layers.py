"""Each contract of the import linter catches a deliberate violation; the real tree is linted by `make lint`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VIOLATIONS = {
    "Rooms import downwards only": ("scoring/score.py", "from hauberk.app import scanning"),
    "Checks know the model and the protocols only": ("checks/reading.py", "from hauberk.world import tape"),
    "Judging does no I/O": ("protocols/names.py", "import socket"),
    "The model is the standard library and msgspec alone": ("model/dns.py", "import idna"),
}


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_violation_breaks_its_contract(contract: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("fonts", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    place, line = VIOLATIONS[contract]
    file = tmp_path / "src" / "hauberk" / place
    file.write_text(file.read_text() + f"\n{line}\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"{contract} BROKEN" in done.stdout
