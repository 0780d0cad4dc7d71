"""How the scan was made, what it left out, and what it is."""

from collections import Counter

from hauberk.model.assessment import Assessment
from hauberk.model.observation import Observation
from hauberk.model.routing import VrpSource
from hauberk.model.transport import TrialMatter
from hauberk.model.verdict import Verdict
from hauberk.report.content import Fact
from hauberk.report.wording import area_name, counted, listed, minute

MOST_EARLY = 4
STATEMENT = (
    "This is the organisation’s own scan, made from outside with Hauberk. It is aligned with the mail server test of the Internet Hygiene "
    "Portal (IHP) of the Cyber Security Agency of Singapore (CSA): it looks at the same subjects.",
    "It is not a result of CSA or of the portal, and neither of them has endorsed it.",
    "Whoever doubts a line can follow it: the recorded answers of the network and the verdicts are attached inside the PDF file, and the "
    "evidence id is the SHA-256 of those recorded answers. The same answers always give the same verdicts.",
)


def method(assessment: Assessment, observation: Observation) -> tuple[Fact, ...]:
    vantage, trust = observation.vantage, observation.trust
    families = [name for name, there in (("IPv4", vantage.ipv4), ("IPv6", vantage.ipv6)) if there]
    ad = "its DNSSEC verdicts (the AD bit) are trusted, because the path to it cannot be tampered with"
    no_ad = "its DNSSEC verdicts (the AD bit) are not trusted, because the path to it could be tampered with: DNSSEC and DANE stay unknown"
    facts = [
        Fact("Program", f"{vantage.program}; checks {assessment.catalogue}; rubric {assessment.rubric}"),
        Fact("Vantage", f"{vantage.helo or 'no name given'}, with {' and '.join(families) or 'no connectivity'}"),
        Fact("Resolver", f"{vantage.resolver}: {ad if vantage.resolver_trusted else no_ad}"),
        Fact("Trust store", f"{trust.source or 'none'}{f', SHA-256 {trust.digest}' if trust.digest else ''}"),
        Fact("Asked", _asked(observation)),
    ]
    if isinstance(vantage.vrps, VrpSource):
        held = vantage.vrps
        facts.append(Fact("RPKI", f"{held.name} of {minute(held.at)}, {counted(held.count, 'ROA payload')}, SHA-256 {held.digest}"))
    if observation.options.selectors:
        named = tuple(f"{selector.name} ({selector.origin})" for selector in observation.options.selectors)
        facts.append(Fact("DKIM selectors", listed(named, 12)))
    return tuple(facts)


def untested(assessment: Assessment, observation: Observation) -> tuple[str, ...]:
    options, vantage = observation.options, observation.vantage
    left_out: list[str] = []
    if not observation.finished:
        left_out.append("The time limit cut the scan short; what had not been asked by then is unknown.")
    if options.areas:
        left_out.append(f"Only these areas were looked at: {listed(tuple(map(area_name, options.areas)), len(options.areas))}.")
    if not options.smtp:
        left_out.append("No mail server was contacted: this was a scan of the DNS only.")
    elif options.depth == "handshake":
        left_out.append("Each endpoint got one TLS handshake. Older versions and weaker suites that it may accept besides were not tried.")
    early = [one for one in assessment.endpoints if one.partial]
    left_out += [
        f"Part of the TLS of {one.endpoint}: {one.partial}. A scan with --only {one.endpoint.host} can complete it."
        for one in early[:MOST_EARLY]
    ]
    if len(early) > MOST_EARLY:
        left_out.append(f"Part of the TLS of {counted(len(early) - MOST_EARLY, 'further endpoint')}.")
    if options.smtp and options.only:
        left_out.append(f"Every mail server but {options.only}: the scan was asked to connect to that one only.")
    if options.smtp and not (vantage.ipv4 and vantage.ipv6):
        left_out.append(f"Endpoints with {'IPv4' if vantage.ipv6 else 'IPv6'} addresses: the scanner has no such connectivity.")
    if not options.blocklists:
        left_out.append("Block lists.")
    if not options.lookalikes:
        left_out.append("Registered names that look like the domain.")
    consent = () if options.relay else ("relaying",)
    consent += () if options.own else ("user enumeration and whatever else needs the consent of the server’s owner",)
    if consent:
        left_out.append(f"{', '.join(consent).capitalize()}.")
    if options.smtp and not options.services:
        left_out.append("Submission and mailbox ports.")
    unanswered = tuple(verdict.check for verdict in assessment.verdicts if verdict.verdict in (Verdict.UNKNOWN, Verdict.ERROR))
    if unanswered:
        left_out.append(f"Asked, but not to be judged from what was answered: {listed(unanswered, 12)}.")
    return tuple(left_out)


def _asked(observation: Observation) -> str:
    parts = [counted(len(observation.dns), "DNS question")]
    if observation.smtp:
        parts.append(f"{counted(len(observation.smtp), 'SMTP connection')}, each with at most one TLS handshake")
    if observation.tls:
        most = max(Counter(exchange.question.endpoint for exchange in observation.tls).values())
        hellos = f"{counted(len(observation.tls), 'TLS hello')} without a handshake, at most {most} to one endpoint"
        parts.append(f"{hellos} ({observation.options.depth} depth)")
    if relays := sum(exchange.question.matter is TrialMatter.RELAYING for exchange in observation.trials):
        parts.append(f"{counted(relays, 'test')} of relaying (RCPT only, no message)")
    if observation.https:
        parts.append(counted(len(observation.https), "HTTPS request"))
    return "; ".join(parts)
