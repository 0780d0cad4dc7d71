"""How far a scan looks, and at what: `--depth`, `--only`, `--services`, `--own`, `--relay-test`, `--rpki-vrps`."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.command import Hauberk
from hauberk.cli.scan import ORIGIN_ZONES as ZONES
from hauberk.cli.scan import RUBRIC
from hauberk.protocols.rpki import ORIGIN_ZONES
from hauberk.scoring.rubric import DEFAULT


def test_the_defaults_of_the_options_are_those_of_the_program() -> None:
    assert RUBRIC == DEFAULT
    assert tuple(ZONES.split(",")) == ORIGIN_ZONES


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


VRPS = """{"metadata": {"buildtime": "%s"}, "roas": [
  {"asn": 64496, "prefix": "192.0.2.0/24", "maxLength": 24, "ta": "ripe"},
  {"asn": "AS64496", "prefix": "2001:db8::/32", "maxLength": 32, "ta": "ripe"},
  {"asn": 64496, "prefix": "198.51.100.0/23", "maxLength": 24, "ta": "ripe"}]}"""


def test_routes_are_compared_with_the_roas_of_a_file_and_judged_again_without_it(hauberk: Hauberk, network: Path) -> None:
    arguments = ("exemplary.test", "--network", network, "--depth", "handshake", "--format", "json", "--rubric", "internet-nl-like")
    (hauberk.folder / "vrps.json").write_text(VRPS % datetime.now(UTC).isoformat())
    done = hauberk("scan", *arguments, "--rpki-vrps", "vrps.json", "--save-tape")
    said = json.loads(done.out)
    (found,) = (one for one in said["verdicts"] if one["check"] == "routing.rpki")
    told = {one["subject"]: (one["verdict"], one["code"]) for one in found["findings"]}
    assert told["mx1.exemplary.test 192.0.2.11"] == told["mx1.exemplary.test [2001:db8::11]"] == ("pass", "")
    assert told["mx2.exemplary.test 198.51.100.11"] == ("fail", "invalid-route")
    (tape,) = hauberk.folder.glob("*.tape.json.gz")
    (hauberk.folder / "vrps.json").unlink()
    assert json.loads(hauberk("judge", tape, "--format", "json", "--rubric", "internet-nl-like").out) == said
    usual = json.loads(hauberk("scan", *arguments).out)
    assert "routing.rpki" not in {one["check"] for one in usual["verdicts"]}
    assert usual["score"]["points"] == 100 and usual["score"]["coverage"] < 0.8 and said["score"]["coverage"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--services", "25"), "465, 587"),
        (("--services", "smtp"), "465, 587"),
        (("--services", "99999999999999999999"), "465, 587"),
        (("--rpki-vrps", "nowhere.json"), "there is no such file"),
        (("--rpki-vrps", "/dev/zero"), "there is no such file"),
        (("--rpki-vrps", __file__), "no JSON of VRPs"),
        (("--rpki-vrps", __file__, "--origin-zones", "one.example"), "for IPv4 and for IPv6"),
        (("--only", "a b"), "--only"),
        (("--only", "192.0.2.1"), "--only"),
        (("--depth", "deep"), "deep"),
    ],
)
def test_what_makes_no_sense_is_refused(hauberk: Hauberk, arguments: tuple[str, ...], said: str) -> None:
    done = hauberk("scan", "example.com", *arguments)
    assert done.code == 2
    assert said in done.err
