"""`hauberk system demo` as an administrator has it: everything proved and green, and nothing left, whole or interrupted."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hauberk.app.verifying import Verifier
from hauberk.system.prove import evidence
from hauberk.system.stage import leftovers, namespaces

if REASON := namespaces.obstacle():
    pytest.skip(REASON, allow_module_level=True)


def started(out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hauberk.cli.main", "system", "demo", "--no-install", "--out", str(out), *options]
    own = {**os.environ, "XDG_CONFIG_HOME": str(out.parent / "config")}  # for the key that signs
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=own)


def of_owner(process: int) -> list[leftovers.Record]:
    found = (leftovers.read(path) for path in leftovers.RECORDS.glob("*.json"))
    return [one for one in found if one and one.owner == process]


def anything_left(record: leftovers.Record) -> list[str]:
    places = [*(leftovers.MOUNTED / one for one in record.namespaces), *(leftovers.NETNS_ETC / one for one in record.namespaces)]
    return [str(one) for one in (*places, Path(record.scratch), record.path) if one.exists()]


def test_the_demo_proves_every_measure_scans_green_and_leaves_nothing(tmp_path: Path) -> None:
    with started(tmp_path / "out", "--jpg", "--sign") as demo:
        out, err = demo.communicate(timeout=240)
    assert demo.returncode == 0, (out, err)
    assert "grade A+" in out and "Green" in out and "Traceback" not in err
    for measure in ("M1", "M2", "M3", "M4", "M5", "M6", "M9", "M10"):
        assert f"  {measure:<4} proved" in out, out
    assert "  M7   open" in out and "  M8   open" in out
    written = sorted((tmp_path / "out").iterdir())
    assert sorted(path.suffix for path in written) == [".gz", ".jpg", ".jpg", ".json", ".pdf", ".pdf", *[".sig"] * 4]
    for path in written:
        found = Verifier(datetime.now(UTC), want_fresh=True).file(path)
        assert found.valid and found.signer and found.signer.name == "Corp Ltd", (path, found.flaws)
    (file,) = (tmp_path / "out").glob("*.measures.json")
    proof = evidence.decode(file.read_bytes())
    assert len(proof.outcomes) > 150 and not proof.missing


def test_an_interrupted_demo_leaves_nothing(tmp_path: Path) -> None:
    with started(tmp_path / "out") as demo:
        assert demo.stderr
        for line in demo.stderr:
            if "daemons are up" in line:
                break
        (record,) = of_owner(demo.pid)
        assert leftovers.inhabitants(record.namespaces)
        demo.send_signal(signal.SIGINT)
        said = demo.communicate(timeout=60)[1]
    assert demo.returncode == 130 and "Traceback" not in said, said
    assert anything_left(record) == []


def test_a_demo_that_cannot_be_set_up_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hauberk.cli.main", "system", "demo", "--no-install", "--out", str(tmp_path)]
    unprivileged = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", *command]
    done = subprocess.run(unprivileged, capture_output=True, text=True, timeout=60)
    assert done.returncode == 3 and "CAP_SYS_ADMIN" in done.stderr and "Traceback" not in done.stderr
