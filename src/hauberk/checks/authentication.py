"""Whether an endpoint proves who it is, by a trusted root or by DANE; shared by the checks of cert, dane and sender."""

from hauberk.checks.endpoints import Seen, mail_route, unanswered
from hauberk.checks.reading import Reading
from hauberk.model.dns import DnsAnswer
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols import dane, x509
from hauberk.protocols.dane import DaneHost, DaneRecords, Match, MatchResult, Published
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.mx import MxHost
from hauberk.protocols.x509 import Certificate


def dane_records(reading: Reading) -> DaneRecords:
    return reading.walked(dane.discover, reading.domain, reading.options)


def dane_hosts(reading: Reading) -> tuple[DaneHost, ...]:
    """The hosts that mail can go to; a host that is known to have no address needs no TLSA records."""
    found = dane_records(reading)
    nowhere = {host.name for host in found.route.hosts if leads_nowhere(host)}
    return tuple(host for host in found.hosts if host.name not in nowhere)


def leads_nowhere(host: MxHost) -> bool:
    """Both questions were answered, and there is no address."""
    answers = (host.ipv4, host.ipv6)
    return not host.addresses and all(isinstance(one, DnsAnswer) and one.rcode in ("NOERROR", "NXDOMAIN") for one in answers)


def no_dane_hosts(reading: Reading) -> Finding:
    """Said where there is no host to judge."""
    route = mail_route(reading)
    if route.hosts:
        return Finding(reading.domain, Verdict.UNKNOWN, "No mail server of the domain has an address.", code="no-address")
    return Finding(reading.domain, Verdict.UNKNOWN, f"The question for the MX records {unanswered(route.answer)}.", code="mx-unknown")


def named_by_tlsa(reading: Reading, host: str) -> bool:
    """TLSA records are published for the host, so that a new key must be announced before it is put in place."""
    found = dane_records(reading).of(host)
    return found is not None and bool(found.held)


def chain_verdict(reading: Reading, one: Seen) -> x509.ChainVerdict:
    """The chain that an endpoint sent, for the name of its MX host, at the time of the scan."""
    chain = one.tls.chain if one.tls else ()
    return x509.verify(chain, one.endpoint.host, reading.observation.at, reading.observation.trust.anchors)


def intermediates(reading: Reading, one: Seen) -> tuple[Certificate, ...]:
    """What stands between the leaf and its anchor; a root's own dates and signature are the trust store's business."""
    described = (x509.describe(der) for der in chain_verdict(reading, one).path[1:-1])
    return tuple(read for read in described if not isinstance(read, Malformed))


def dane_match(reading: Reading, one: Seen) -> MatchResult | None:
    """The host's TLSA records against the chain that this endpoint sent; None where either is missing or not to be relied on."""
    host = dane_records(reading).of(one.endpoint.host)
    if host is None or host.published is not Published.SECURE or one.tls is None or not one.tls.chain:
        return None
    return dane.match(host.records, one.tls.chain, reference_names(reading, host), reading.observation.at)


def reference_names(reading: Reading, host: DaneHost) -> tuple[str, ...]:
    """The names that a certificate may bear for usage 2 (RFC 7672, 3.2)."""
    return tuple(dict.fromkeys((host.base, host.name, reading.domain)))


def proven_by_dane(reading: Reading, one: Seen) -> bool:
    """A signed TLSA record fits, so that senders which check DANE need no trusted root."""
    found = dane_match(reading, one)
    return found is not None and found.match is Match.MATCHED


def trust_store_known(reading: Reading) -> bool:
    """The tape says which roots were at hand; without that nothing can be said against an issuer."""
    return bool(reading.observation.trust.source)
