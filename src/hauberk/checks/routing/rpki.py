"""The routes to the mail servers are authorised by their holders

## What it means
Looked at when there is a source of validated route origin authorisations (ROAs): `--rpki-vrps FILE`, the JSON that rpki-client and
Routinator export. For the address of each mail server the network (AS) that announces it and the prefix are asked of a zone in the DNS
(`origin.asn.cymru.com`), and compared with the ROAs as routers do (RFC 6811).

- **pass**: the route is *valid*: a ROA lets this network announce this prefix.
- **warn**: *not found*: no ROA covers the prefix.
- **fail**: *invalid*: ROAs cover the prefix, and none lets this network announce it, or none at this length.

Where several prefixes hold the address the longest counts, for packets follow it; several origins are judged one by one. A file that is
more than a week older than the scan tells nothing: unknown.

## Why it matters
Any network can announce your provider's addresses as its own, by mistake or on purpose: your mail goes there, and certificates in your
name can be had there. Networks that validate drop such a route, but only where a ROA says whose the prefix is. They drop every *invalid*
route: if yours is one, your mail servers cannot be reached from there.

## How to fix
The holder of the addresses, most often your provider, makes the ROA in the portal of his registry (RIPE NCC, ARIN, APNIC, LACNIC, AFRINIC):
the prefix as it is announced, its AS number, and no maxLength beyond the prefix's own length (RFC 9319). A ROA that contradicts the
announcement is mended or removed; an AS number that is not the provider's is a case for the provider's network operations, at once.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from hauberk.checks.check import Check, Source
from hauberk.checks.endpoints import mail_route, takes_mail, unanswered, untestable
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.dns import NoAnswer
from hauberk.model.observation import ScanOptions
from hauberk.model.routing import Covering, Vrp, VrpSource
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.protocols import rpki
from hauberk.protocols.malformed import visible
from hauberk.protocols.rpki import Route, Routed, Validity
from hauberk.protocols.special_addresses import special_kind

_FRESH = timedelta(days=7)
_MOST_SHOWN = 8


def judge(reading: Reading) -> Iterable[Finding]:
    if not (reading.options.origins and takes_mail(reading)):
        return
    route = mail_route(reading)
    if not route.endpoints:
        why = untestable(reading)
        if why:
            yield why
        return
    if stale := _stale(reading):
        yield stale
        return
    found = {one.address: one for one in reading.walked(rpki.routed, reading.domain, reading.options)}
    for endpoint in route.endpoints:
        one = found.get(endpoint.address)
        if one is not None:
            yield from _judge_one(str(endpoint), one)
        else:
            message = f"No address of the internet ({special_kind(endpoint.address) or 'not asked'}): there is no route to it."
            yield Finding(str(endpoint), Verdict.UNKNOWN, message, code="no-route")


def _stale(reading: Reading) -> Finding | None:
    source = reading.observation.vantage.vrps
    if not isinstance(source, VrpSource):
        return Finding(reading.domain, Verdict.UNKNOWN, "There were no ROAs to compare with.", code="no-source")
    if reading.observation.at - source.at <= _FRESH:
        return None
    message = f"The ROAs are of {_day(source.at)}, more than {_FRESH.days} days before the scan: what they say may no longer hold."
    return Finding(reading.domain, Verdict.UNKNOWN, message, code="stale-source")


def _judge_one(subject: str, one: Routed) -> Iterator[Finding]:
    if isinstance(one.answer, NoAnswer) or one.answer.rcode not in ("NOERROR", "NXDOMAIN"):
        message = f"Which network announces it is not known: the question to {one.question.name} {unanswered(one.answer)}."
        yield Finding(subject, Verdict.UNKNOWN, message, code="origin-unanswered")
    elif isinstance(one.covering, NoAnswer):
        message = f"Which ROAs cover it is not known: {visible(one.covering.detail or one.covering.reason)}."
        yield Finding(subject, Verdict.UNKNOWN, message, code="coverage-unknown")
    elif not one.routes:
        shown = tuple(visible(text)[:200] for text in one.said[:_MOST_SHOWN])
        message = f"Which network announces it is not known: {one.question.name} tells of no route."
        yield Finding(subject, Verdict.UNKNOWN, message, shown, "origin-unknown")
    else:
        for route in one.routes:
            yield _judge_route(subject, route, one.covering, one)


def _judge_route(subject: str, route: Route, covering: Covering, one: Routed) -> Finding:
    deciding = rpki.covering_route(route, covering.vrps)
    evidence = (visible(one.told_by(route))[:200], *(f"ROA: {_roa(vrp)}" for vrp in deciding[:_MOST_SHOWN]))
    what = f"{route.prefix} from AS{route.origin}"
    match rpki.validity(route, covering.vrps):
        case Validity.VALID:
            return Finding(subject, Verdict.PASS, f"The route {what} is valid.", evidence)
        case Validity.NOT_FOUND:
            message = f"No ROA covers the route {what}: networks that validate cannot tell it from a hijacker's."
            return Finding(subject, Verdict.WARN, message, evidence, "no-roa")
        case Validity.INVALID:
            message = f"The route {what} is invalid: {_contradiction(route, deciding)}. Networks that validate drop it."
            return Finding(subject, Verdict.FAIL, message, evidence, "invalid-route")


def _contradiction(route: Route, deciding: tuple[Vrp, ...]) -> str:
    if longest := [vrp.max_length for vrp in deciding if vrp.asn == route.origin != 0]:
        return f"the ROAs of AS{route.origin} go down to /{max(longest)} only"
    allowed = sorted({vrp.asn for vrp in deciding} - {0})
    if not allowed:
        return "its ROA says that nobody may announce it (AS0)"
    return f"the ROAs that cover it are for {', '.join(f'AS{asn}' for asn in allowed[:_MOST_SHOWN])}"


def _roa(vrp: Vrp) -> str:
    return f"{vrp.prefix}, maxLength {vrp.max_length}, AS{vrp.asn}"


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def remedy(reading: Reading, verdict: CheckVerdict) -> Iterator[Remedy]:
    subjects = {one.subject for one in verdict.findings if one.verdict in (Verdict.FAIL, Verdict.WARN)}
    addresses = {endpoint.address for endpoint in mail_route(reading).endpoints if str(endpoint) in subjects}
    routes = dict.fromkeys(
        route
        for one in reading.walked(rpki.routed, reading.domain, reading.options)
        if one.address in addresses and isinstance(one.covering, Covering)
        for route in one.routes
        if rpki.validity(route, one.covering.vrps) is not Validity.VALID
    )
    yield Remedy(
        CHECK.id,
        "Have the holder of the addresses make a ROA for each route, if it is the holder's own network that announces it.",
        settings=tuple(f"ROA: {_roa(Vrp(route.prefix, route.length, route.origin))}" for route in routes),
    )


def _asked_for(options: ScanOptions) -> bool:
    return bool(options.origins)


CHECK = Check(
    id="routing.rpki",
    title="The routes to the mail servers are authorised (RPKI)",
    sources=(Source("RFC 6811", "2"), Source("RFC 7115", "5"), Source("RFC 9319", "5")),
    judge=judge,
    remedy=remedy,
    asked_for=_asked_for,
)
