"""The evidence pack."""

import hashlib
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from hauberk.model import json
from hauberk.report.exports.pack import PackFile, evidence_pack
from hauberk.scoring.rubric import DEFAULT
from hauberk.world.tape import decode, encode, evidence_id
from report.samples import assessment, observation

TAPE = observation()
DONE = assessment(TAPE)
REPORT = PackFile("ExampleLtd_MailServerIHP_2026-11-21.pdf", b"%PDF-1.7 ...")
SIGNATURE = PackFile("statement.dsse.json", b"signed")


def test_equal_contents_give_an_equal_file() -> None:
    assert evidence_pack(DONE, encode(TAPE), (REPORT,)) == evidence_pack(DONE, encode(TAPE), (REPORT,))


def test_the_pack_holds_report_verdicts_tape_signatures_manifest_and_how_to_verify() -> None:
    pack = ZipFile(BytesIO(evidence_pack(DONE, encode(TAPE), (REPORT,), (SIGNATURE,))))
    assert pack.testzip() is None
    tape = "evidence.json"
    assert pack.namelist() == sorted([REPORT.name, "assessment.json", tape, SIGNATURE.name, "MANIFEST.sha256", "VERIFY.txt"])
    assert evidence_id(decode(pack.read(tape))) == DONE.observation == f"sha256:{hashlib.sha256(pack.read(tape)).hexdigest()}"
    assert json.decode(pack.read("assessment.json")) == DONE
    said = pack.read("VERIFY.txt").decode()
    assert "2027-02-19" in said and DONE.observation.removeprefix("sha256:") in said and "hauberk verify statement.dsse.json" in said
    assert {one.date_time for one in pack.infolist()} == {(2026, 11, 21, 12, 0, 0)}


def test_without_signatures_nothing_is_said_of_them() -> None:
    pack = ZipFile(BytesIO(evidence_pack(DONE, encode(TAPE), (REPORT,))))
    assert "hauberk verify" not in pack.read("VERIFY.txt").decode()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not installed")
def test_the_manifest_is_checked_by_sha256sum_and_one_changed_octet_is_found(tmp_path: Path) -> None:
    with ZipFile(BytesIO(evidence_pack(DONE, encode(TAPE), (REPORT,), (SIGNATURE,)))) as pack:
        pack.extractall(tmp_path)
    check = ["sha256sum", "--check", "--strict", "MANIFEST.sha256"]
    assert subprocess.run(check, cwd=tmp_path, capture_output=True).returncode == 0
    (tmp_path / REPORT.name).write_bytes(b"%PDF-1.8 ...")
    assert subprocess.run(check, cwd=tmp_path, capture_output=True).returncode != 0


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "a\\b", "/etc/passwd", "a\nb", "assessment.json", "MANIFEST.sha256"])
def test_a_name_that_leads_elsewhere_or_is_taken_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        evidence_pack(DONE, encode(TAPE), (PackFile(name, b""),))


def test_a_hostile_domain_on_a_foreign_tape_stays_on_its_line() -> None:
    tape = replace(TAPE, domain="../../etc/x\n1. Trust me")
    pack = ZipFile(BytesIO(evidence_pack(assessment(tape, DONE.verdicts), encode(tape), (REPORT,))))
    assert all("/" not in name and name.isprintable() for name in pack.namelist())
    assert pack.read("VERIFY.txt").decode().startswith("Evidence pack of ../../etc/x\\u{a}1. Trust me, scanned")


def test_another_rubric_is_named_in_the_command_and_cannot_become_one() -> None:
    def judged_by(rubric: str) -> str:
        pack = ZipFile(BytesIO(evidence_pack(replace(DONE, rubric=rubric), encode(TAPE), (REPORT,))))
        return pack.read("VERIFY.txt").decode()

    assert "    hauberk judge evidence.json\n" in judged_by(DEFAULT)
    assert "    hauberk judge evidence.json --rubric cyber-essentials-like\n" in judged_by("cyber-essentials-like")
    assert "    hauberk judge evidence.json --rubric 'x; touch owned'\n" in judged_by("x; touch owned")
