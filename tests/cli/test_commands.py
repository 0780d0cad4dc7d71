"""What a user types, what comes back on stdout and stderr, and with which exit code."""

import csv
import json
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from cli.command import Hauberk
from hauberk.app.reporting import prepare
from hauberk.app.scanning import Scan, assess
from hauberk.lab.casebook import Case, observe
from hauberk.model.dns import DnsAnswer, DnsExchange, Record
from hauberk.model.json import decode
from hauberk.protocols.dnssec import NO_SUCH_NAME
from hauberk.scoring.rubric import load


def test_a_scan_of_an_exemplary_domain_is_fine(hauberk: Hauberk, network: Path) -> None:
    done = hauberk("scan", "exemplary.test", "--network", network)
    assert done.code == 0, done.out + done.err
    assert "grade A+" in done.out
    assert done.err == ""


def test_a_lab_that_does_not_run_yet_is_told_as_such(hauberk: Hauberk, tmp_path: Path) -> None:
    done = hauberk("scan", "exemplary.test", "--network", tmp_path / "lab.json")
    assert done.code == 2
    assert "`hauberk lab` makes it once it runs" in done.err


def test_findings_give_exit_code_1_unless_told_otherwise(hauberk: Hauberk, network: Path) -> None:
    assert hauberk("scan", "bad.test", "--network", network).code == 1
    assert hauberk("scan", "typical.test", "--network", network, "--fail-on", "warn").code == 1
    assert hauberk("scan", "bad.test", "--network", network, "--fail-on", "never").code in (0, 3)


def test_the_json_holds_what_is_promised_and_round_trips(hauberk: Hauberk, network: Path) -> None:
    done = hauberk("scan", "exemplary.test", "--network", network, "--format", "json")
    said = json.loads(done.out)
    assert {"domain", "observed_at", "observation", "catalogue", "rubric", "score", "verdicts"} <= said.keys()
    assert {"points", "grade", "band", "coverage", "caps"} <= said["score"].keys()
    assert {"check", "verdict", "findings"} <= said["verdicts"][0].keys()
    assert {"subject", "verdict", "message", "evidence"} <= next(one for one in said["verdicts"] if one["findings"])["findings"][0].keys()
    assert decode(done.out.encode()).domain == "exemplary.test"


def test_several_domains_come_in_their_order_in_each_format(hauberk: Hauberk, network: Path) -> None:
    (hauberk.folder / "list.txt").write_text("# ours\ntypical.test\n\nhttps://www.bad.test/x  # a URL\nnot a domain\n")
    wanted = ["null-mx.test", "typical.test", "www.bad.test"]
    arguments = ("scan", "NULL-MX.test.", "--file", "list.txt", "--network", network, "--format")
    lines = hauberk(*arguments, "jsonl")
    assert [json.loads(line)["domain"] for line in lines.out.splitlines()] == wanted
    assert "line 5" in lines.err
    assert [one["domain"] for one in json.loads(hauberk(*arguments, "json").out)] == wanted
    assert [row["domain"] for row in csv.DictReader(StringIO(hauberk(*arguments, "csv").out))] == wanted


def test_several_processes_give_the_same_lines_in_the_same_order(hauberk: Hauberk, network: Path) -> None:
    wanted = ["typical.test", "exemplary.test", "bad.test"]
    arguments = ("scan", *wanted, "--network", network, "--processes", "2")
    for format in ("csv", "jsonl"):
        done = hauberk(*arguments, "--format", format)
        assert done.code == 1, done.err
        rows = list(csv.DictReader(StringIO(done.out))) if format == "csv" else list(map(json.loads, done.out.splitlines()))
        assert [row["domain"] for row in rows] == wanted
    assert hauberk(*arguments).code == 2
    (hauberk.folder / "file").touch()
    told = hauberk(*arguments, "--format", "csv", "--no-smtp", "--save-tape", "--out", "file")
    assert told.code == 4 and "cannot write file: Not a directory" in told.err


def test_reports_are_written_and_never_overwritten(hauberk: Hauberk, network: Path) -> None:
    arguments = ("scan", "exemplary.test", "--company", "Example Ltd", "--network", network, "--pdf", "--png", "--jpg", "--out", "evidence")
    hauberk(*arguments)
    hauberk(*arguments)
    written = sorted(path.name for path in (hauberk.folder / "evidence").iterdir())
    assert len(written) == 6
    assert all(name.startswith("ExampleLtd_MailServerIHP_20") for name in written)


def test_the_logo_is_on_the_report_and_what_is_no_picture_is_refused(hauberk: Hauberk, network: Path) -> None:
    Image.new("RGB", (2000, 500), "#204080").save(hauberk.folder / "logo.jpg")
    hauberk("scan", "typical.test", "--network", network, "--save-tape", "--logo", "logo.jpg", "--pdf")
    (tape,) = hauberk.folder.glob("*.tape.json.gz")
    hauberk("judge", tape, "--logo", "logo.jpg", "--pdf", "--out", "again")
    (scanned,), (judged,) = hauberk.folder.glob("*.pdf"), (hauberk.folder / "again").glob("*.pdf")
    assert scanned.read_bytes() == judged.read_bytes()
    (logo,) = PdfReader(scanned).attachments["logo.png"]
    assert Image.open(BytesIO(logo)).size == (640, 160)
    (hauberk.folder / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')
    for command, file, said in (
        (("scan", "typical.test", "--network", network), "logo.svg", "the file is no PNG, JPEG, WebP or GIF picture"),
        (("judge", tape), "none.png", "cannot be read"),
    ):
        refused = hauberk(*command, "--logo", file)
        assert (refused.code, said in refused.err) == (2, True), refused.err


def test_a_tape_is_judged_again_without_the_network(hauberk: Hauberk, network: Path) -> None:
    scanned = hauberk("scan", "typical.test", "--network", network, "--format", "json", "--save-tape")
    (tape,) = hauberk.folder.glob("*.tape.json.gz")
    judged = hauberk("judge", tape, "--format", "json")
    assert judged.out == scanned.out
    assert judged.code == scanned.code
    assert hauberk("judge", tape, "--rubric", "cyber-essentials-like").code in (0, 1, 3)
    assert "bücher" not in judged.out


def test_whatif_says_what_a_record_brings(hauberk: Hauberk, network: Path) -> None:
    done = hauberk("whatif", "typical.test", "--record", '_dmarc.typical.test TXT "v=DMARC1; p=reject"', "--network", network)
    assert done.code == 0
    assert "dmarc.policy-enforced" in done.out
    said = json.loads(
        hauberk("whatif", "typical.test", "--remove", "_dmarc.typical.test TXT", "--network", network, "--format", "json").out
    )
    assert said["then"]["points"] < said["today"]["points"]


def test_spf_check_says_who_may_send(hauberk: Hauberk, network: Path) -> None:
    fails = hauberk("spf", "check", "--ip", "203.0.113.200", "--mail-from", "a@exemplary.test", "--network", network)
    assert fails.code == 1
    assert "result: fail" in fails.out


def test_an_internationalised_domain_is_understood(hauberk: Hauberk, network: Path) -> None:
    done = hauberk("scan", "Bücher.test", "--network", network, "--format", "json")
    assert json.loads(done.out)["domain"] == "xn--bcher-kva.test"


INTERRUPTED = """
import os, signal, sys

class Interrupting:
    def find_spec(self, module, *_):
        if module == {module!r}:
            {way}

    def __set_name__(self, owner, name):
        os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from {start} import {run}
sys.exit({run}())
"""


@pytest.mark.parametrize("module", ["typer", "hauberk.cli.scan_run"])
@pytest.mark.parametrize("way", ["self.__set_name__(None, '')", "type('Owner', (), dict(inside=self))"])
def test_ctrl_c_is_told_in_a_word_while_commands_are_being_imported(module: str, way: str) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    start, _, run = project["scripts"]["hauberk"].partition(":")
    code = INTERRUPTED.format(module=module, way=way, start=start, run=run)
    done = subprocess.run([sys.executable, "-c", code, "scan", "example.com"], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"\nhauberk: stopped\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("scan",), "no domain"),
        (("scan", "localhost"), "single label"),
        (("scan", "a..b"), "empty label"),
        (("scan", "x" * 300), "at most"),
        (("scan", "192.0.2.1"), "IP address"),
        (("scan", "example.com", "--rubric", "nonsense"), "hauberk-2026"),
        (("scan", "example.com", "--resolver", "nonsense://x"), "resolver"),
        (("scan", "example.com", "--allow-network", "10.0.0.0/99"), "--allow-network"),
        (("scan", "example.com", "--ca-file", "nowhere.pem"), "no such file"),
        (("scan", "example.com", "--ca-file", __file__), "no certificate in it"),
        (("scan", "example.com", "--helo", "two words"), "--helo 'two words' is no name to say EHLO with"),
        (("scan", "example.com", "--helo", "bad..name", "--network", "nowhere.json"), "empty label"),
        (("scan", "example.com", "--dkim-selector", "../x"), "no selector"),
        (("scan", "example.com", "--network", "nowhere.json"), "nowhere.json"),
        (("scan", "example.com", "--eml", "nowhere.eml"), "nowhere.eml"),
        (("scan", "--file", "nowhere.txt"), "nowhere.txt"),
        (("scan", "example.com", "--format", "yaml"), "yaml"),
        (("judge", "nowhere.tape"), "cannot be read"),
        (("whatif", "example.com"), "--record"),
        (("whatif", "example.com", "--record", "nonsense"), "name TYPE data"),
        (("whatif", "example.com", "--remove", "_dmarc.example.com TX"), "TX is no type of record"),
        (("whatif", "example.com", "--record", "_dmarc.example.com CNAME example.net."), "aliases are not followed"),
        (("explain", "dmarc.policy-enforce"), "dmarc.policy-enforced"),
        (("spf", "check", "--ip", "nonsense", "--mail-from", "a@example.com"), "no IP address"),
        (("new-check", "Nonsense"), "area.state-wanted"),
        (("new-check", "dmarc.published"), "never reused"),
        (("nonsense",), "nonsense"),
        (("scan", "example.com", "--sign"), "none is asked for"),
        (("scan", "example.com", "--pdf", "--time-stamp", "http://127.0.0.1:1/"), "add --sign"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(hauberk: Hauberk, arguments: tuple[str, ...], said: str) -> None:
    done = hauberk(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_without_a_network_the_scan_is_incomplete_and_says_so(hauberk: Hauberk) -> None:
    done = hauberk("scan", "example.com", "--resolver", "udp://127.0.0.1:9", "--format", "json", "--time-limit", "20")
    assert done.code == 3
    assert "is there a network?" in done.err
    change = ("--record", '_dmarc.example.com TXT "v=DMARC1; p=none"')
    assert hauberk("whatif", "example.com", "--resolver", "udp://127.0.0.1:9", *change).code == 3
    said = json.loads(done.out)
    assert said["score"]["incomplete"] is True
    assert {one["verdict"] for one in said["verdicts"]} <= {"unknown", "not-applicable", "info"}


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"": DnsAnswer("SERVFAIL")}, "answers every question with SERVFAIL"),
        ({"": DnsAnswer("NXDOMAIN")}, "says that there is no root of the DNS"),
        ({NO_SUCH_NAME: DnsAnswer("NOERROR", (Record(NO_SUCH_NAME, "A", 60, "192.0.2.1"),))}, "invents answers"),
        ({".": DnsAnswer("NOERROR", authenticated=False)}, "does not validate"),
    ],
)
def test_why_a_resolver_cannot_be_believed_is_said(answers: dict[str, DnsAnswer], said: str) -> None:
    seen = observe(Case("resolver", "", records="example.com. A 192.0.2.1"))
    dns = [DnsExchange(one.question, answers.get("") or answers.get(one.question.name) or one.answer, one.no_answer) for one in seen.dns]
    tape = replace(seen, dns=tuple(dns))
    assert any(said in notice for notice in prepare(Scan(tape, assess(tape, load(), plan=False)), "").notices)


def test_a_name_that_does_not_exist_is_said_to_not_exist(hauberk: Hauberk, network: Path) -> None:
    done = hauberk("scan", "nowhere-at-all.test", "--network", network, "--pdf")
    assert done.code == 3
    assert "nowhere-at-all.test does not exist (NXDOMAIN)" in done.out
    assert "of 100" not in done.out and "mend" not in done.out
    assert "no report is written" in done.err
    assert list(hauberk.folder.glob("*.pdf")) == []
    (hauberk.folder / "list").write_text("nowhere-at-all.test\nexemplary.test\n")
    listed = hauberk("scan", "--file", "list", "--network", network, "--format", "csv", "--areas", "spf")
    assert listed.err.count("only these areas were looked at") == 1
    gone, there = csv.DictReader(listed.out.splitlines())
    assert (gone["points"], gone["grade"], gone["incomplete"]) == ("", "–", "true")
    assert float(there["points"]) > 90


def test_explain_and_catalogue_come_from_the_checks(hauberk: Hauberk) -> None:
    assert "## Why it matters" in hauberk("explain", "DMARC.policy-enforced").out
    assert "dmarc.policy-enforced" in hauberk("catalogue").out
    assert json.loads(hauberk("catalogue", "--format", "json").out)["checks"]


def test_version_and_help(hauberk: Hauberk) -> None:
    assert hauberk("--version").out.startswith("hauberk ")
    assert "scan" in hauberk("--help").out


def test_a_closed_standard_output_is_no_reason_to_crash(hauberk: Hauberk) -> None:
    assert hauberk("spf", "check", "--ip", "192.0.2.1", "--helo", "a..b", shell='exec "$@" >&-').code == 2
    assert hauberk("catalogue", shell='exec "$@" >&-').code == 0


def test_a_closed_standard_input_holds_nothing(hauberk: Hauberk) -> None:
    done = hauberk("scan", "--file", "-", shell='exec "$@" <&-')
    assert done.code == 2 and "there is no domain to scan" in done.err


@pytest.mark.parametrize("arguments", [("--help",), ("catalogue",), ("explain", "spf.valid")])
def test_a_full_disk_behind_standard_output_is_said(hauberk: Hauberk, arguments: tuple[str, ...]) -> None:
    done = hauberk(*arguments, shell='exec "$@" >/dev/full')
    assert done.code == 4
    assert "cannot be written: No space left on device" in done.err


def test_a_locale_without_the_characters_loses_them_and_not_the_scan(hauberk: Hauberk, network: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    scan = ("scan", "xn--bcher-kva.test", "--network", network, "--no-smtp")
    assert "of 100, grade" in hauberk(*scan, environment=ascii_only).out
    assert json.loads(hauberk(*scan, "--format", "json", environment=ascii_only).out)["domain"] == "xn--bcher-kva.test"


def test_a_second_tape_keeps_the_name_of_its_domain(hauberk: Hauberk, network: Path) -> None:
    for _ in range(2):
        hauberk("scan", "no-mail.test", "--network", network, "--save-tape")
        time.sleep(1.1)
    assert len(list(hauberk.folder.glob("no-mail.test_*.tape.json.gz"))) == 2


def test_a_pasted_name_of_a_key_gives_its_selector(hauberk: Hauberk, network: Path) -> None:
    name = "s1._domainkey.exemplary.test"
    done = hauberk("scan", "exemplary.test", "--network", network, "--no-smtp", "--dkim-selector", name, "--format", "json")
    assert "selector s1" in done.out


def test_no_half_a_file_is_left_where_the_disk_is_full(hauberk: Hauberk, network: Path) -> None:
    done = hauberk("scan", "no-mail.test", "--network", network, "--save-tape", shell='ulimit -f 1; exec "$@"')
    assert done.code == 4
    assert "cannot write no-mail.test_" in done.err
    assert not list(hauberk.folder.iterdir())


def test_whatif_says_which_records_it_takes_away(hauberk: Hauberk, network: Path) -> None:
    done = hauberk("whatif", "no-mail.test", "--network", network, "--record", 'no-mail.test TXT "site-verification=1"')
    assert "takes the place of all of no-mail.test TXT" in done.err and "v=spf1 -all" in done.err
