"""A scan of some areas sees in them what a scan of everything sees."""

import asyncio
from dataclasses import replace

import pytest

from hauberk.checks import catalogue
from hauberk.checks.catalogue import Entry
from hauberk.checks.check import Check, judge
from hauberk.checks.reading import Reading
from hauberk.lab.casebook import Case, load, observe
from hauberk.model.assessment import Remedy
from hauberk.model.observation import Observation, ScanOptions
from hauberk.model.verdict import CheckVerdict, Verdict
from hauberk.protocols.walk import Ask, Reply
from hauberk.survey.domain import survey
from hauberk.survey.walks import AREAS, WALKS, walks_of
from hauberk.world.recorded import RecordedWorld

FILES = [pytest.param(entry, id=entry.check.id) for entry in catalogue.entries()]


def survey_again(whole: Observation, *areas: str) -> Observation:
    """The survey of these areas in the world that a tape of everything holds."""
    options = replace(whole.options, areas=areas)
    return asyncio.run(survey(RecordedWorld(whole), whole.domain, options, at=whole.at))


def said(observation: Observation, checks: tuple[Check, ...]) -> list[tuple[CheckVerdict, tuple[Remedy, ...]]]:
    reading = Reading(observation)
    verdicts = judge(reading, checks)
    mendable = (Verdict.FAIL, Verdict.WARN)
    return [
        (verdict, tuple(check.remedy(reading, verdict)) if verdict.verdict in mendable else ())
        for check, verdict in zip(checks, verdicts, strict=True)
    ]


@pytest.mark.parametrize("entry", FILES)
def test_the_walks_of_an_area_are_all_that_its_checks_read(entry: Entry) -> None:
    checks = catalogue.checks_of((entry.check.area,))
    for case in load(entry.file.with_suffix(".cases.toml")):
        whole = observe(case)
        assert said(survey_again(whole, entry.check.area), checks) == said(whole, checks), case.name


@pytest.mark.parametrize("area", catalogue.all_areas())
def test_an_area_reads_alike_from_the_worlds_of_all_others(area: str) -> None:
    checks = catalogue.checks_of((area,))
    for entry in catalogue.entries():
        for case in load(entry.file.with_suffix(".cases.toml"))[::15]:
            whole = observe(case)
            assert said(survey_again(whole, area), checks) == said(whole, checks), (entry.check.id, case.name)


def test_every_area_of_the_catalogue_has_its_walks() -> None:
    assert tuple(AREAS) == catalogue.all_areas()


def test_no_area_means_every_walk_and_every_check() -> None:
    assert walks_of(()) == WALKS
    assert catalogue.checks_of(()) == catalogue.all_checks()


def test_areas_without_transport_contact_no_mail_server() -> None:
    asked: list[Ask] = []

    def told(ask: Ask, _: Reply) -> None:
        asked.append(ask)

    case = Case("route", "pass", records="example.com. MX 10 mx.example.com.\nmx.example.com. A 192.0.2.10\n")
    whole = observe(case)
    assert whole.smtp
    options = ScanOptions(areas=("spf", "dmarc", "dnssec", "tls-rpt", "bimi"))
    limited = asyncio.run(survey(RecordedWorld(whole), whole.domain, options, at=whole.at, told=told))
    assert asked and not limited.smtp
