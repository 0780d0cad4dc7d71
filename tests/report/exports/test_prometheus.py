"""The Prometheus text format, read back by a small parser of its grammar, and by Prometheus' own client where it is installed."""

import re
from dataclasses import replace

import pytest
from hypothesis import given

from hauberk.model.score import Band
from hauberk.report.exports.prometheus import expiries, prometheus
from report.exports.shared import TAPE, hostile_text
from report.samples import assessment, observation

DONE = assessment(TAPE)
OTHER = assessment(observation(hosts=1, domain="example.org"))
_SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z_]+="(?:\\["\\n]|[^"\\\n])*",?)*)\} (-?[0-9.e+-]+)')
_LABEL = re.compile(r'([a-z_]+)="((?:\\["\\n]|[^"\\\n])*)"')
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Samples:
    """The samples by name and labels; asserts that every line is one, or a HELP or TYPE before its family's first sample."""
    found: Samples = {}
    announced: list[str] = []
    for line in text.splitlines():
        if line.startswith("# "):
            announced.append(line.split(" ")[2])
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        assert announced[-2:] == [match[1], match[1]]
        labels = tuple((name, re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value)) for name, value in _LABEL.findall(match[2]))
        assert (match[1], labels) not in found
        found[match[1], labels] = float(match[3])
    assert len(announced) == 2 * len(set(announced))
    return found


def test_the_metrics_are_those_that_are_documented() -> None:
    samples = parsed(prometheus((DONE, OTHER), {DONE.domain: expiries(TAPE)}))
    assert samples["hauberk_domain_score_points", (("domain", "example.com"),)] == 49
    assert samples["hauberk_domain_coverage_ratio", (("domain", "example.org"),)] == 0.962
    assert samples["hauberk_domain_incomplete", (("domain", "example.com"),)] == 0
    assert samples["hauberk_domain_scan_timestamp_seconds", (("domain", "example.com"),)] == TAPE.at.timestamp()
    assert samples["hauberk_domain_checks", (("domain", "example.com"), ("verdict", "fail"))] == 1
    assert samples["hauberk_domain_score_cap_points", (("domain", "example.com"), ("check", "spf.restrictive"))] == 49
    assert samples["hauberk_check_verdict", (("domain", "example.com"), ("check", "spf.restrictive"), ("verdict", "fail"))] == 1
    (info,) = [dict(labels) for name, labels in samples if name == "hauberk_domain_info" and ("domain", "example.com") in labels]
    assert (info["grade"], info["band"], info["evidence"]) == ("F", "red", DONE.observation)


def test_each_endpoints_certificate_has_its_end() -> None:
    samples = parsed(prometheus((DONE,), {DONE.domain: expiries(TAPE)}))
    ends = {dict(labels)["endpoint"]: value for (name, labels), value in samples.items() if name.startswith("hauberk_certificate")}
    assert set(ends) == {str(exchange.endpoint) for exchange in TAPE.smtp}
    assert all(59 * 86_400 < end - TAPE.at.timestamp() <= 61 * 86_400 for end in ends.values())


@pytest.mark.parametrize(("band", "told"), [(Band.AMBER, "incomplete"), (Band.RED, "red")])
def test_an_incomplete_result_has_the_band_that_the_report_tells(band: Band, told: str) -> None:
    incomplete = replace(DONE, score=replace(DONE.score, band=band, incomplete=True))
    samples = parsed(prometheus((incomplete,)))
    assert samples["hauberk_domain_incomplete", (("domain", "example.com"),)] == 1
    assert [dict(labels)["band"] for name, labels in samples if name == "hauberk_domain_info"] == [told]


def test_of_two_assessments_of_a_domain_the_last_counts_and_none_is_empty() -> None:
    later = replace(DONE, score=replace(DONE.score, points=80.5))
    assert parsed(prometheus((DONE, later)))["hauberk_domain_score_points", (("domain", "example.com"),)] == 80.5
    assert prometheus(()) == ""


@given(hostile_text())
def test_hostile_names_stay_in_their_label(text: str) -> None:
    exposed = prometheus((replace(DONE, domain=text, rubric=text),))
    exposed.encode()
    samples = parsed(exposed)
    assert {name for name, _ in samples} == {name for name, _ in parsed(prometheus((DONE,)))}
    assert len({dict(labels)["domain"] for _, labels in samples}) == 1


@given(hostile_text())
def test_prometheus_own_client_reads_the_same(text: str) -> None:
    oracle = pytest.importorskip("prometheus_client.parser")
    exposed = prometheus((replace(DONE, domain=text), OTHER), {OTHER.domain: expiries(TAPE)})
    read = {
        (sample.name, tuple(sample.labels.items())): sample.value
        for family in oracle.text_string_to_metric_families(exposed)
        for sample in family.samples
    }
    assert read == parsed(exposed)
