"""The openspf.org suite for RFC 7208: its zone data as answers, its cases as tests."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.protocols import spf
from hauberk.protocols.rdata import escape
from hauberk.protocols.walk import Ask, Reply, replay

SHARED = Path(os.environ.get("HAUBERK_SHARED", str(Path(__file__).parents[4] / "shared")))
SUITE = SHARED / "suites" / "rfc7208-tests.yml"
TIME_OUT = NoAnswer(Silence.TIMEOUT, "the suite says so")


@dataclass(frozen=True)
class Case:
    name: str
    ip: str
    helo: str
    sender: str
    results: tuple[str, ...]
    explanation: str | None
    zone: "Zone"


class Zone:
    """A scenario's zone data; SPF entries stand for TXT where a name has no TXT entry of its own."""

    def __init__(self, data: dict[str, list[Any]]) -> None:
        self.records: dict[tuple[str, str], list[Record]] = {}
        self.names: set[str] = set()
        self.silent: set[str] = set()
        for name, entries in data.items():
            self._add(name.lower(), entries)

    def _add(self, name: str, entries: list[Any]) -> None:
        self.names.add(name)
        pairs = [(kind, value) for entry in entries if isinstance(entry, dict) for kind, value in cast(dict[str, Any], entry).items()]
        if "TIMEOUT" in entries:
            self.silent.add(name)
        has_txt = any(kind == "TXT" for kind, _ in pairs)
        for kind, value in pairs:
            if kind == "SPF" and not has_txt:
                kind = "TXT"
            if value != "NONE":
                self.records.setdefault((name, kind), []).append(Record(name, kind, 300, _data(kind, value)))

    def __call__(self, ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        return self._answer(ask.name, ask.type, 8)

    def _answer(self, name: str, type: str, hops: int) -> Reply:
        assert name == name.lower().rstrip(".")
        found = self.records.get((name, type))
        if found:
            return DnsAnswer("NOERROR", tuple(found))
        if name in self.silent:
            return TIME_OUT
        if alias := self.records.get((name, "CNAME")):
            if not hops:
                return DnsAnswer("SERVFAIL")
            onward = self._answer(alias[0].data.lower().rstrip("."), type, hops - 1)
            if isinstance(onward, DnsAnswer):
                return DnsAnswer(onward.rcode, (*alias, *onward.records))
            return onward
        return DnsAnswer("NOERROR" if name in self.names else "NXDOMAIN")


def _data(kind: str, value: Any) -> str:
    if kind in ("TXT", "SPF"):
        strings = cast(list[str], value) if isinstance(value, list) else [str(value)]
        return " ".join(escape(one.encode("latin-1")) for one in strings)
    if kind == "MX":
        return f"{value[0]} {str(value[1]).rstrip('.')}."
    if kind in ("PTR", "CNAME"):
        return str(value).rstrip(".") + "."
    return str(ip_address(value))


def cases() -> Iterator[Case]:
    if not SUITE.exists():
        return
    for scenario in yaml.safe_load_all(SUITE.read_text(encoding="utf-8")):
        zone = Zone(scenario["zonedata"])
        for name, test in scenario["tests"].items():
            results = test["result"] if isinstance(test["result"], list) else [test["result"]]
            yield Case(
                f"{scenario['description']}: {name}",
                test["host"],
                test["helo"],
                test["mailfrom"],
                tuple(results),
                test.get("explanation"),
                zone,
            )


ALL_CASES = tuple(cases())


def test_the_suite_is_whole() -> None:
    if not ALL_CASES:
        pytest.skip(f"the suite is not at {SUITE}; set HAUBERK_SHARED")
    assert len(ALL_CASES) == 203


@pytest.mark.parametrize("case", ALL_CASES, ids=lambda case: case.name)
def test_suite_case_gives_the_result_the_suite_wants(case: Case) -> None:
    domain = case.sender.rpartition("@")[2] or case.helo
    result = replay(spf.check_host(case.ip, domain, case.sender, case.helo), case.zone)
    assert result.result.value in case.results, result
    if case.explanation is not None:
        wanted = None if case.explanation == "DEFAULT" else case.explanation
        assert result.explanation == wanted
