"""Assessments in the Prometheus text exposition format 0.0.4. docs/exports.md lists the metrics; their names and labels stay stable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hauberk.model.assessment import Assessment
from hauberk.model.observation import Observation
from hauberk.model.verdict import Verdict
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.x509 import describe

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Expiry:
    """Until when an endpoint's own certificate is valid, in seconds of Unix time."""

    endpoint: str
    not_after: float


@dataclass(frozen=True, slots=True)
class Family:
    """A metric with its help and its samples: labels and a value each."""

    name: str
    help: str
    samples: tuple[tuple[Mapping[str, str], float], ...]


def expiries(observation: Observation) -> tuple[Expiry, ...]:
    """The ends of the certificates that the mail servers showed; what could not be read is left out."""
    found: dict[str, float] = {}
    for exchange in observation.smtp:
        chain = exchange.session.tls.chain if exchange.session and exchange.session.tls else ()
        leaf = describe(chain[0]) if chain else None
        if leaf and not isinstance(leaf, Malformed):
            found[str(exchange.endpoint)] = leaf.not_after.timestamp()
    return tuple(Expiry(endpoint, not_after) for endpoint, not_after in sorted(found.items()))


def prometheus(assessments: Iterable[Assessment], certificates: Mapping[str, tuple[Expiry, ...]] | None = None) -> str:
    """One exposition of all domains; of several assessments of one domain the last one counts. `certificates` go by domain."""
    latest = {one.domain: one for one in assessments}
    ordered = [latest[domain] for domain in sorted(latest)]
    return "".join(map(exposition, families(ordered, certificates or {})))


def families(assessments: list[Assessment], certificates: Mapping[str, tuple[Expiry, ...]]) -> tuple[Family, ...]:
    """The metrics, for whoever adds some of its own."""

    def gauge(name: str, help: str, value: Iterable[tuple[Mapping[str, str], float]]) -> Family:
        return Family(f"hauberk_{name}", help, tuple(value))

    return (
        gauge(
            "domain_score_points", "Score of the domain, 0 to 100.", ((_named(a), a.score.points) for a in assessments if a.score.coverage)
        ),
        gauge("domain_coverage_ratio", "Share of the rubric that could be judged.", ((_named(a), a.score.coverage) for a in assessments)),
        gauge("domain_incomplete", "1 if too little could be judged.", ((_named(a), float(a.score.incomplete)) for a in assessments)),
        gauge(
            "domain_scan_timestamp_seconds",
            "When the domain was scanned, Unix time.",
            ((_named(a), a.observed_at.timestamp()) for a in assessments),
        ),
        gauge("domain_info", "Grade, band and evidence of the latest scan; always 1.", ((_info(a), 1.0) for a in assessments)),
        gauge(
            "domain_checks",
            "Checks that came to a verdict.",
            (
                ({**_named(a), "verdict": state.value}, float(sum(one.verdict is state for one in a.verdicts)))
                for a in assessments
                for state in Verdict
            ),
        ),
        gauge(
            "domain_score_cap_points",
            "Ceiling that a check puts on the score.",
            ((labels, value) for a in assessments for labels, value in _caps(a)),
        ),
        gauge(
            "check_verdict",
            "What a check came to; always 1.",
            (({**_named(a), "check": one.check, "verdict": one.verdict.value}, 1.0) for a in assessments for one in a.verdicts),
        ),
        gauge(
            "certificate_not_after_timestamp_seconds",
            "Until when the endpoint's certificate is valid, Unix time.",
            (({**_named(a), "endpoint": one.endpoint}, one.not_after) for a in assessments for one in certificates.get(a.domain, ())),
        ),
    )


def exposition(family: Family) -> str:
    """The lines of one gauge; a family without samples has none."""
    if not family.samples:
        return ""
    head = f"# HELP {family.name} {_escaped(family.help, quotes=False)}\n# TYPE {family.name} gauge\n"
    return head + "".join(f"{family.name}{_labels(labels)} {_number(value)}\n" for labels, value in family.samples)


def _named(assessment: Assessment) -> dict[str, str]:
    return {"domain": assessment.domain}


def _info(assessment: Assessment) -> dict[str, str]:
    score = assessment.score
    return {
        **_named(assessment),
        "grade": score.grade,
        "band": score.standing,
        "rubric": assessment.rubric,
        "catalogue": assessment.catalogue,
        "evidence": assessment.observation,
    }


def _caps(assessment: Assessment) -> list[tuple[dict[str, str], float]]:
    """The lowest ceiling of each check."""
    lowest: dict[str, float] = {}
    for cap in assessment.score.caps:
        lowest[cap.check] = min(cap.points, lowest.get(cap.check, cap.points))
    return [({**_named(assessment), "check": check}, points) for check, points in lowest.items()]


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(visible(value), quotes=True)}"' for name, value in labels.items()) + "}"


def _escaped(text: str, *, quotes: bool) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
