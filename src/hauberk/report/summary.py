"""The first page: red flags, and one line a topic with a state and a sentence."""

from dataclasses import dataclass

from hauberk.model.assessment import Assessment
from hauberk.model.verdict import SEVERITY, CheckVerdict, Finding, Verdict
from hauberk.report.content import Flag, SummaryLine
from hauberk.report.text import shortened
from hauberk.report.wording import MARKS, NOT_TESTED, area_name, counted, points

MOST_FLAGS = 6
LONGEST_MESSAGE = 320
_RED = 50  # a cap under this many points makes a result red in every rubric


@dataclass(frozen=True, slots=True)
class Topic:
    """A line of the summary: its areas, and the check that words it when all is well."""

    name: str
    areas: tuple[str, ...]
    lead: str


_TOPICS = (
    Topic("SPF", ("spf",), "spf.restrictive"),
    Topic("DKIM", ("dkim",), "dkim.key-published"),
    Topic("DMARC", ("dmarc",), "dmarc.policy-enforced"),
    Topic("TLS and STARTTLS", ("tls",), "tls.modern-version"),
    Topic("Certificates", ("cert",), "cert.trusted"),
    Topic("DANE", ("dane",), "dane.valid"),
    Topic("MTA-STS", ("mta-sts",), "mta-sts.valid"),
    Topic("DNSSEC", ("dnssec",), "dnssec.domain-signed"),
)
# What decides whether a stranger can write in the domain's name.
_SPOOFING = (
    *("dmarc.published", "dmarc.policy-enforced", "dmarc.subdomains-enforced", "spf.published", "spf.valid", "spf.restrictive"),
    *("spf.address-space", "spf.no-dangling-includes", "dkim.key-published", "dkim.key-strength"),
)


def flags(assessment: Assessment) -> tuple[tuple[Flag, ...], str]:
    """Every failed check, those that hold the score down hardest first; and a note on what is left out, or that there are none."""
    ceilings = {cap.check: cap.points for cap in sorted(assessment.score.caps, key=lambda cap: -cap.points)}
    failed = [verdict for verdict in assessment.verdicts if verdict.verdict is Verdict.FAIL]
    failed.sort(key=lambda verdict: (ceilings.get(verdict.check, 101), -_weight(assessment, verdict.check)))
    if not failed:
        unclear = assessment.score.incomplete
        return (), "No check failed, but much could not be judged." if unclear else "No red flags: no check failed."
    found = tuple(_flag(verdict, ceilings.get(verdict.check)) for verdict in failed[:MOST_FLAGS])
    left_out = len(failed) - len(found)
    return found, f"{counted(left_out, 'more check')} failed; see “All checks”." if left_out else ""


def lines(assessment: Assessment, shown_domain: str) -> tuple[SummaryLine, ...]:
    """Protection against phishing and spoofing first, then the topics."""
    by_check = {verdict.check: verdict for verdict in assessment.verdicts}
    return (_spoofing(by_check, shown_domain), *(_topic(topic, assessment) for topic in _TOPICS))


def _ceiling(assessment: Assessment, check: str) -> float:
    return min((cap.points for cap in assessment.score.caps if cap.check == check), default=101)


def _weight(assessment: Assessment, check: str) -> float:
    return sum(line.weight - line.earned for line in assessment.score.lines if line.check == check and line.counted)


def _flag(verdict: CheckVerdict, ceiling: float | None) -> Flag:
    failing = [finding for finding in verdict.findings if finding.verdict is Verdict.FAIL]
    messages = tuple(dict.fromkeys(finding.message for finding in failing))
    more = f" ({len(failing) - 1} more like this.)" if len(messages) > 1 else ""
    limits = "" if ceiling is None else f"Caps the score at {points(ceiling)}{' (red)' if ceiling < _RED else ''}."
    return Flag(
        area_name(verdict.check.partition(".")[0]),
        (shortened(messages[0], LONGEST_MESSAGE) if messages else "This check failed.") + more,
        limits,
    )


def _topic(topic: Topic, assessment: Assessment) -> SummaryLine:
    """The state of the worst check, told by that which costs most."""
    own = [verdict for verdict in assessment.verdicts if verdict.check.partition(".")[0] in topic.areas]
    if not own:
        return SummaryLine(topic.name, NOT_TESTED, "This was not part of the scan.")
    state = min((verdict.verdict for verdict in own), key=SEVERITY.index)
    if state is Verdict.NOT_APPLICABLE:
        return SummaryLine(topic.name, MARKS[state], "Does not apply to this domain.")
    own.sort(key=lambda verdict: (verdict.check != topic.lead, _ceiling(assessment, verdict.check), -_weight(assessment, verdict.check)))
    saying = [finding for verdict in own if verdict.verdict is state for finding in verdict.findings if finding.verdict is state]
    return SummaryLine(topic.name, MARKS[state], _sentence(state, saying))


def _sentence(state: Verdict, saying: list[Finding]) -> str:
    if not saying:
        return "See “All checks”."
    others = len({finding.message for finding in saying}) - 1
    more = f" And {counted(others, 'more point')} below." if others and state is not Verdict.PASS else ""
    return shortened(saying[0].message, LONGEST_MESSAGE) + more


def _spoofing(by_check: dict[str, CheckVerdict], domain: str) -> SummaryLine:
    name = "Phishing and spoofing protection"
    states = {check: by_check[check].verdict for check in _SPOOFING if check in by_check}
    if not any(check.startswith("dmarc.") for check in states):
        return SummaryLine(name, NOT_TESTED, "This was not part of the scan.")
    state = min(states.values(), key=SEVERITY.index)
    good = (Verdict.PASS, Verdict.INFO, Verdict.NOT_APPLICABLE)
    if states.get("dmarc.published") is Verdict.FAIL:
        sentence = f"Anyone can forge mail from {domain}: no valid DMARC record tells receivers what to do with it."
    elif states.get("dmarc.policy-enforced") in (Verdict.WARN, Verdict.FAIL):
        sentence = f"Mail forged in the name of {domain} is delivered: its DMARC policy asks for nothing to be done."
    elif states.get("dmarc.policy-enforced") in (None, Verdict.UNKNOWN, Verdict.ERROR):
        sentence = f"Whether mail forged in the name of {domain} is refused could not be found out."
    elif all(verdict in good for verdict in states.values()):
        sentence = f"Receivers that check DMARC refuse or quarantine mail forged in the name of {domain}."
    else:
        weak = tuple(dict.fromkeys(area_name(check.partition(".")[0]) for check, verdict in states.items() if verdict not in good))
        need = "needs" if len(weak) == 1 else "need"
        sentence = f"Receivers that check DMARC refuse mail forged in the name of {domain}, but {' and '.join(weak)} {need} attention."
    return SummaryLine(name, MARKS[state], sentence)
