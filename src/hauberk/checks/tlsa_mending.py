"""The TLSA records that a host should publish, made of what its endpoints present today; shared by the remedies of dane."""

from collections.abc import Iterator
from shlex import quote

from hauberk.checks.authentication import chain_verdict, dane_match
from hauberk.checks.endpoints import mail_route, seen
from hauberk.checks.probed import other_chains
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.protocols import dane, x509
from hauberk.protocols.dane import DaneHost, Match, Published, Tlsa
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import is_at_or_below, registrable

_OURS = (Published.INSECURE_MX,)  # it is the domain's own zone that is not signed


def presented_keys(reading: Reading, host: DaneHost) -> tuple[Tlsa, ...]:
    """3 1 1 for every key that an endpoint of the host presents, to whichever client."""
    own = tuple(one for one in seen(reading) if one.endpoint.host == host.name)
    every = (*own, *(other for one in own for _, other in other_chains(reading, one)))
    chains = (one.tls.chain for one in every if one.tls and one.tls.chain)
    keys = (x509.spki(chain[0]) for chain in chains)
    return tuple(dict.fromkeys(dane.tlsa_for(key) for key in keys if not isinstance(key, Malformed)))


def mended(reading: Reading, host: DaneHost, check: str) -> Iterator[Remedy]:
    """The host's TLSA set with a record for every key that is presented; where nothing fitted, what is there is left out as old."""
    if _leads_out(reading, host):
        yield signed_first(reading, (host,), check)
        return
    lines = fitting(reading, host)
    if not lines:
        return
    publish = "Publish" if is_own(reading, host) else f"Ask the operator of {host.base} to publish"
    what = f"{publish} the record of the key that {host.name} presents; it takes effect once everything up to it is signed."
    if any(not chain_verdict(reading, one).trusted for one in seen(reading) if one.endpoint.host == host.name and one.tls):
        what += " If you are about to replace its certificate, keep the key or publish the new key's record."
    yield Remedy(check, what, lines, (f"{host.owner}. TLSA",) if host.held else ())


def signed_first(reading: Reading, hosts: tuple[DaneHost, ...], check: str) -> Remedy:
    """What brings DANE to unsigned hosts, as one step: signing alone does not, and neither do TLSA records alone.

    An alias that leads to somebody else's server cannot bring it, signed or not: that server's key changes when its operator likes.
    """
    leading = {host: canonical(reading, host) for host in hosts if _leads_out(reading, host)}
    own = tuple(host for host in hosts if is_own(reading, host) and host not in leading)
    zones = (reading.domain if host.published in _OURS else host.name for host in hosts if host in own or host.published in _OURS)
    others = tuple(dict.fromkeys(leading.get(host, host.base) for host in hosts if host not in own))
    lines = tuple(line for host in own for line in fitting(reading, host))
    steps: list[str] = []
    if signing := ", ".join(dict.fromkeys(zones)):
        steps.append(f"Sign the zone of {signing} with DNSSEC and have its registrar publish the DS record.")
    if own:
        steps.append(f"Publish {'these TLSA records' if lines else 'a TLSA record (3 1 1) of the key of each server'}.")
    if leading:
        steps.append(f"Name {', '.join(dict.fromkeys(leading.values()))} in the MX record, in place of the alias.")
    if others:
        steps.append(f"Ask the operator of {', '.join(others)} for signed addresses and TLSA records.")
    proof = tuple(f"delv {quote(host.owner)} TLSA  # has to say: fully validated" for host in hosts[:1])
    return Remedy(check, " ".join(steps), lines, tuple(f"{host.owner}. TLSA" for host in own if host.held and lines), proof)


def fitting(reading: Reading, host: DaneHost) -> tuple[str, ...]:
    """The TLSA set that fits what the host presents, as lines to publish; none where no key was seen."""
    keys = presented_keys(reading, host)
    records = dict.fromkeys((*_worth_keeping(reading, host), *keys)) if keys else ()
    return tuple(f"{host.owner}. TLSA {dane.render(record)}" for record in records)


def is_own(reading: Reading, host: DaneHost) -> bool:
    """The host's name is in the domain's own organisation, so that its records are for the domain's owner to publish."""
    return is_at_or_below(host.base, registrable(reading.domain) or reading.domain)


def canonical(reading: Reading, host: DaneHost) -> str:
    """The server that an MX host's name leads to; the name itself where it is no alias."""
    return next((one.canonical for one in mail_route(reading).hosts if one.name == host.name), host.name)


def _leads_out(reading: Reading, host: DaneHost) -> bool:
    """A name of the domain's own that is an alias of another organisation's server."""
    ours = registrable(reading.domain) or reading.domain
    return is_at_or_below(host.base, ours) and not is_at_or_below(canonical(reading, host), ours)


def _worth_keeping(reading: Reading, host: DaneHost) -> tuple[Tlsa, ...]:
    usable = tuple(record for record in host.records if not dane.unusable(record))
    results = tuple(result for one in seen(reading) if one.endpoint.host == host.name and (result := dane_match(reading, one)))
    if all(result.match is Match.MATCHED for result in results):
        return usable
    return tuple(record for record in usable if any(record in result.matched for result in results))
