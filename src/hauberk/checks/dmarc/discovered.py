"""What the DMARC checks share: the discovery, silence worded, and a mended record as a remedy."""

from collections.abc import Iterable

from hauberk.checks.endpoints import takes_mail
from hauberk.checks.reading import Reading
from hauberk.checks.silence import why_unanswered
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols.dmarc import Dmarc, DmarcDiscovery, Step, discover, parse
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.rdata import render_txt

MOST_SHOWN = 8


def discovered(reading: Reading) -> DmarcDiscovery:
    return reading.walked(discover, reading.domain, reading.options)


def not_answered(steps: Iterable[Step]) -> Iterable[Finding]:
    for step in steps:
        message = f"The question for TXT at {step.name} was not answered: {why_unanswered(step.answer)}. Which policy applies is not known."
        yield Finding(step.name, Verdict.UNKNOWN, message, code="dmarc-unanswered")


def no_policy(found: DmarcDiscovery, verdict: Verdict, consequence: str) -> Finding:
    """The finding of checks that need a record where there is none, or none that counts."""
    record = found.own.record
    if isinstance(record, Malformed):
        message = f"Receivers cannot act on the record of {found.own.policy_domain}: {record.reason}. {consequence}"
        return Finding(f"_dmarc.{found.own.policy_domain}", verdict, message, (record.marked(),), "dmarc-invalid")
    if len(found.at_domain.texts) > 1:
        message = (
            f"Receivers discard the {len(found.at_domain.texts)} DMARC records of {found.domain}, for only one may stand. {consequence}"
        )
        return Finding(found.at_domain.name, verdict, message, quoted(found.at_domain.texts), "dmarc-duplicate")
    return Finding(found.at_domain.name, verdict, f"No DMARC record applies to {found.domain}. {consequence}", code="dmarc-missing")


def quoted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(visible(text) for text in tuple(texts)[:MOST_SHOWN])


def record_text(record: Dmarc) -> str:
    """The record as it was published, to be held against what a resolver shows."""
    return visible(record.tags.text)


def reports_to(reading: Reading, domain: str) -> tuple[tuple[str, str], ...]:
    """The tag that asks for aggregate reports at the domain's own mailbox; none where the domain is known to receive no mail."""
    if domain == reading.domain and not takes_mail(reading):
        return ()
    return (("rua", f"mailto:dmarc-reports@{domain}"),)


def own_record(found: DmarcDiscovery) -> Dmarc | Malformed | None:
    """The record that stands at the domain itself, to be mended; the first where there are several."""
    return parse(found.at_domain.texts[0]) if found.at_domain.texts else None


def publish(check: str, what: str, found: DmarcDiscovery, domain: str, text: str) -> Remedy:
    """A remedy that publishes `text` as the DMARC record of `domain`, in the place of whatever stands there."""
    owner = f"_dmarc.{domain}."
    aliased = any(step.domain == domain and step.aliases for step in found.steps)
    replaces = (f"{owner} TXT", f"{owner} CNAME") if aliased else (f"{owner} TXT",)
    return Remedy(check, what, (f"{owner} TXT {render_txt(text)}",), replaces)
