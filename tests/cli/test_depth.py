"""How far a scan looks, and at what: `--depth`, `--only`, `--services`, `--own`, `--relay-test`."""

import json
from pathlib import Path

import pytest

from cli.command import Hauberk
from hauberk.cli.scan import RUBRIC
from hauberk.scoring.rubric import DEFAULT


def test_the_default_rubric_is_the_default_rubric() -> None:
    assert RUBRIC == DEFAULT


def test_a_scan_of_one_handshake_probes_nothing_and_is_complete(hauberk: Hauberk, network: Path) -> None:
    said = json.loads(hauberk("scan", "exemplary.test", "--network", network, "--depth", "handshake", "--format", "json").out)
    assert said["endpoints"] == []
    assert (said["score"]["grade"], said["score"]["incomplete"]) == ("A+", False)


def test_the_standard_depth_is_the_default_and_one_host_can_be_had_alone(hauberk: Hauberk, network: Path) -> None:
    said = json.loads(hauberk("scan", "exemplary.test", "--network", network, "--only", "MX1.exemplary.test", "--format", "json").out)
    assert {one["endpoint"]["host"] for one in said["endpoints"]} == {"mx1.exemplary.test"}
    assert {one["depth"] for one in said["endpoints"]} == {"standard"}
    assert all(one["connections"] <= 20 and one["partial"] == "" for one in said["endpoints"])


def test_one_sound_host_does_not_vouch_for_the_others(hauberk: Hauberk, network: Path) -> None:
    arguments = ("--network", network, "--only", "mx1.exemplary.test", "--depth", "handshake", "--format", "json")
    done = hauberk("scan", "exemplary.test", *arguments)
    said = json.loads(done.out)
    offered = next(one for one in said["verdicts"] if one["check"] == "tls.starttls-offered")
    assert done.code == 3 and said["score"]["incomplete"] and offered["verdict"] == "unknown"
    told = {one["subject"].split()[0]: (one["verdict"], one["message"]) for one in offered["findings"]}
    assert told["mx1.exemplary.test"][0] == "pass" and "asked for mx1.exemplary.test only" in told["mx2.exemplary.test"][1]


def test_the_owner_of_the_hosts_may_have_more_tried(hauberk: Hauberk, network: Path) -> None:
    def verdict(*more: str) -> str:
        out = hauberk("scan", "injection.test", "--network", network, "--depth", "handshake", "--format", "json", *more).out
        return {one["check"]: one["verdict"] for one in json.loads(out)["verdicts"]}["tls.no-command-injection"]

    assert verdict() == "not-applicable"
    assert verdict("--own") == "fail"


def test_relaying_is_tried_when_it_is_asked_for_and_judged_again_from_the_tape(hauberk: Hauberk, network: Path) -> None:
    arguments = ("open-relay.test", "--network", network, "--depth", "handshake", "--format", "json")
    done = hauberk("scan", *arguments, "--relay-test", "--save-tape")
    said = json.loads(done.out)
    (found,) = (one for one in said["verdicts"] if one["check"] == "relay.closed")
    assert (done.code, found["verdict"], said["score"]["band"]) == (1, "fail", "red")
    assert {cap["check"] for cap in said["score"]["caps"]} == {"relay.closed"}
    (tape,) = hauberk.folder.glob("*.tape.json.gz")
    assert json.loads(hauberk("judge", tape, "--format", "json").out) == said
    usual = json.loads(hauberk("scan", *arguments).out)
    assert "relay.closed" not in {one["check"] for one in usual["verdicts"]} and usual["score"]["caps"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--services", "25"), "465, 587"),
        (("--services", "smtp"), "465, 587"),
        (("--services", "99999999999999999999"), "465, 587"),
        (("--only", "a b"), "--only"),
        (("--only", "192.0.2.1"), "--only"),
        (("--depth", "deep"), "deep"),
    ],
)
def test_what_makes_no_sense_is_refused(hauberk: Hauberk, arguments: tuple[str, ...], said: str) -> None:
    done = hauberk("scan", "example.com", *arguments)
    assert done.code == 2
    assert said in done.err
