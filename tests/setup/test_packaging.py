"""The GitHub Action and the container file: what they run is run here, as far as that goes without GitHub and a container engine."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())


def step(name: str) -> Any:
    return next(one for one in ACTION["runs"]["steps"] if one.get("id") == name)


@pytest.fixture
def run(tmp_path: Path, network: Path) -> Any:
    """Runs the scanning step's script with given inputs; the code, and what it wrote."""
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "hauberk"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m hauberk.cli.main "$@"\n')
    command.chmod(0o755)

    def scanned(**inputs: str) -> tuple[int, str, str]:
        given = {
            "DOMAINS": "",
            "LIST": "",
            "COMPANY": "",
            "FAIL_ON": "fail",
            "OUT": "hauberk",
            "ARGUMENTS": f"--network {network}",
            **inputs,
        }
        files = {"GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}
        env = {**os.environ, **given, **files, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}
        done = subprocess.run(["bash", "-c", step("scan")["run"]], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
        read = [Path(path).read_text() if Path(path).exists() else "" for path in files.values()]
        return done.returncode, read[0], read[1] + done.stderr

    return scanned


def test_every_input_is_used_and_none_is_put_into_a_script() -> None:
    used = set(re.findall(r"\$\{\{ inputs\.([a-z-]+) \}\}", (ROOT / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])
    assert all("${{" not in one["run"] for one in ACTION["runs"]["steps"] if "run" in one)


def test_the_step_scans_writes_everything_and_fails_as_it_is_told(run: Any, tmp_path: Path) -> None:
    (tmp_path / "ours.txt").write_text("# ours\ntypical.test\n")
    code, outputs, summary = run(DOMAINS="exemplary.test\nbad.test", LIST="ours.txt", COMPANY="Example Ltd")
    assert code == 1
    assert outputs.splitlines() == ["sarif=hauberk/hauberk.sarif", "folder=hauberk"]
    (log,) = json.loads((tmp_path / "hauberk" / "hauberk.sarif").read_text())["runs"]
    assert {one["domain"] for one in log["properties"]["domains"]} == {"exemplary.test", "bad.test", "typical.test"}
    kinds = sorted(path.suffix for path in (tmp_path / "hauberk").iterdir())
    assert [kinds.count(kind) for kind in (".pdf", ".zip", ".gz", ".sarif")] == [3, 3, 3, 1]
    assert summary.count("```text") == 3 and "exemplary.test" in summary
    assert run(DOMAINS="exemplary.test", FAIL_ON="never", OUT="again")[0] == 0


def test_an_input_cannot_become_a_command_or_an_option(run: Any, tmp_path: Path) -> None:
    code, _, said = run(DOMAINS="$(touch${IFS}owned) --help `touch owned` ;touch owned")
    assert code == 2 and "is no domain" in said
    assert not (tmp_path / "owned").exists()


def test_what_the_container_file_copies_is_there() -> None:
    text = (ROOT / "Containerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(\S+) \S+$", text, re.MULTILINE)
    assert len(copied) == 4 and all((ROOT / path).exists() for path in copied)
    assert re.search(r"^USER \d+$", text, re.MULTILINE)
    python = re.search(r"python:(\d\.\d+)-", text)
    assert python and f"--python-version {python[1]} " in (ROOT / "Makefile").read_text()


def test_a_virtual_environment_that_could_not_be_made_is_not_taken_for_one(tmp_path: Path) -> None:
    """As Debian's python3 does it without the package python3-venv: half a folder, and code 1."""
    python = tmp_path / "python3"
    python.write_text('#!/bin/sh\nmkdir -p "$3/bin" && touch "$3/bin/python"\nexit 1\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["make", "-C", str(ROOT), f"PYTHON={python}", f"VENV={tmp_path}/venv", f"{tmp_path}/venv/bin/python"],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert not (tmp_path / "venv").exists()
