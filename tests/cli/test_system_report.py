"""`hauberk system report`: the report of the measures out of its evidence, signed and as pictures, and verified."""

from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from app.proved import PROOF
from cli.command import Hauberk
from hauberk.system.prove.evidence import encode

NAME = "CorpLtd_SecurityMeasures_2026-11-22"


@pytest.fixture
def evidence(hauberk: Hauberk, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(hauberk.folder / "config"))
    path = hauberk.folder / "kept.json"
    path.write_bytes(encode(PROOF))
    return path


def test_evidence_gives_the_report_and_everything_that_is_written_can_be_verified(hauberk: Hauberk, evidence: Path) -> None:
    Image.new("RGB", (500, 200), "#204080").save(hauberk.folder / "logo.jpg")
    done = hauberk("system", "report", str(evidence), "--png", "--jpg", "--sign", "--out", "out", "--logo", "logo.jpg")
    assert done.code == 0 and "M4   proved" in done.out, done.err
    written = sorted(path.name for path in (hauberk.folder / "out").iterdir())
    signed = [f"{NAME}.jpg", f"{NAME}.png", "corp.test_2026-11-22.measures.json"]
    assert written == sorted([f"{NAME}.pdf", *signed, *(f"{name}.sig" for name in signed)])
    verified = hauberk("verify", *(f"out/{name}" for name in written))
    assert "logo.png" in PdfReader(hauberk.folder / "out" / f"{NAME}.pdf").attachments
    assert verified.code == 0 and verified.out.count("corp.test (Corp Ltd): proved M4; failed none") == len(written), verified.out


def test_what_is_no_evidence_is_refused_with_a_reason(hauberk: Hauberk, evidence: Path) -> None:
    evidence.write_bytes(evidence.read_bytes().replace(b"554 no", b"250 ok"))
    done = hauberk("system", "report", str(evidence))
    assert (done.code, "transcript of m4.relay.plain" in done.err) == (2, True)
    assert hauberk("system", "report", "none.json").code == 2
    assert [path.name for path in hauberk.folder.iterdir() if path.is_file()] == [evidence.name]
