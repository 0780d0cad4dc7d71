"""The formats for other programs, as the command writes them."""

import asyncio
import csv
import gzip
import json
import os
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from xml.etree.ElementTree import fromstring
from zipfile import ZipFile

import pytest

from cli.command import Hauberk
from hauberk.cli.output import print_meanwhile

DOMAINS = ["typical.test", "bad.test"]


@pytest.fixture
def listed(hauberk: Hauberk) -> Hauberk:
    """An empty folder with a list of two domains."""
    (hauberk.folder / "ours.txt").write_text("# ours\ntypical.test\n\nbad.test\n")
    return hauberk


def test_sarif_points_to_the_line_of_the_list(listed: Hauberk, network: Path) -> None:
    done = listed("scan", "--file", "ours.txt", "--network", network, "--format", "sarif")
    (run,) = json.loads(done.out)["runs"]
    assert done.code == 1 and [one["domain"] for one in run["properties"]["domains"]] == DOMAINS
    lines = {one["properties"]["domain"]: one["locations"][0]["physicalLocation"] for one in run["results"]}
    assert lines["bad.test"] == {"artifactLocation": {"uri": "ours.txt"}, "region": {"startLine": 4}}


def test_junit_counts_as_fail_on_says(listed: Hauberk, network: Path) -> None:
    arguments = ("scan", *DOMAINS, "--network", network, "--format", "junit")
    lenient, strict = (fromstring(listed(*arguments, "--fail-on", limit).out) for limit in ("never", "warn"))
    assert [suite.get("name") for suite in lenient] == DOMAINS
    assert 0 < int(lenient.get("failures", "")) < int(strict.get("failures", ""))


def test_prometheus_has_every_domain_and_the_ends_of_certificates(listed: Hauberk, network: Path) -> None:
    done = listed("scan", *DOMAINS, "--network", network, "--format", "prometheus")
    assert all(f'hauberk_domain_score_points{{domain="{domain}"}} ' in done.out for domain in DOMAINS)
    assert "hauberk_certificate_not_after_timestamp_seconds{" in done.out


def test_oscal_of_a_tape_is_the_same_on_every_day(hauberk: Hauberk, network: Path) -> None:
    scanned = hauberk("scan", "bad.test", "--network", network, "--format", "oscal", "--company", "Bad & Sons", "--save-tape")
    (tape,) = hauberk.folder.glob("*.tape.json.gz")
    judged = hauberk("judge", tape, "--format", "oscal", "--company", "Bad & Sons")
    assert judged.out == scanned.out
    document = json.loads(judged.out)["assessment-results"]
    assert document["metadata"]["parties"][0]["name"] == "Bad & Sons"
    assert any("remediations" in risk for risk in document["results"][0]["risks"])


def test_a_csv_line_a_finding(listed: Hauberk, network: Path) -> None:
    done = listed("scan", *DOMAINS, "--network", network, "--format", "csv-findings")
    rows = list(csv.DictReader(StringIO(done.out)))
    assert {row["domain"] for row in rows} == set(DOMAINS)
    assert {"check", "subject", "verdict", "code", "message", "evidence"} <= rows[0].keys()


def test_in_a_pipe_lines_end_where_their_text_does_and_records_stay_whole(hauberk: Hauberk, network: Path) -> None:
    done = hauberk("scan", "bad.test", "--network", network, "--save-tape", environment={"COLUMNS": "60"})
    (tape,) = hauberk.folder.glob("*.tape.json.gz")
    wide = hauberk("judge", tape)
    lines = done.out.splitlines()
    assert not any(line != line.rstrip() for line in (*lines, *wide.out.splitlines()))
    copied = ("     remove ", "     publish", "     set    ")
    assert max(len(line) for line in lines if not line.startswith(copied)) <= 60 < max(map(len, lines))
    assert [line for line in lines if line.startswith(copied)] == [line for line in wide.out.splitlines() if line.startswith(copied)]


def test_whatif_says_which_formats_it_has(hauberk: Hauberk) -> None:
    done = hauberk("whatif", "example.com", "--remove", "x TXT", "--format", "sarif")
    assert done.code == 2 and "text or json" in done.err


def test_a_pack_is_equal_for_an_equal_tape_and_holds_the_report(hauberk: Hauberk, network: Path) -> None:
    hauberk("scan", "exemplary.test", "--company", "Example Ltd", "--network", network, "--pack", "--pdf", "--save-tape", "--out", "one")
    (tape,) = (hauberk.folder / "one").glob("*.tape.json.gz")
    hauberk("judge", tape, "--company", "Example Ltd", "--pack", "--out", "two")
    (scanned,), (judged,) = (list((hauberk.folder / folder).glob("ExampleLtd_MailServerIHP_*.zip")) for folder in ("one", "two"))
    assert scanned.name == judged.name and scanned.read_bytes() == judged.read_bytes()
    (pdf,) = (hauberk.folder / "one").glob("*.pdf")
    with ZipFile(scanned) as pack:
        assert pack.read(pdf.name) == pdf.read_bytes()
        assert pack.read("evidence.json") == gzip.decompress(tape.read_bytes())


def test_the_scans_go_on_while_a_reader_takes_his_time() -> None:
    text = "x" * 200_000  # more than a pipe holds
    reading, writing = os.pipe()

    async def read_late() -> bytes:
        printing = asyncio.create_task(print_meanwhile(lambda: sys.stdout.writelines([text])))
        await asyncio.sleep(0.1)
        assert not printing.done()
        octets = bytearray()
        while not printing.done() or len(octets) < len(text):
            octets += os.read(reading, 65536)
            await asyncio.sleep(0.03)
        return bytes(octets)

    with os.fdopen(reading, "rb"), os.fdopen(writing, "w") as stdout, redirect_stdout(stdout):
        assert asyncio.run(asyncio.wait_for(read_late(), 20)) == text.encode()
