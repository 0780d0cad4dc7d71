"""What a scan asks: the walks, and which of them the checks of each area read."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

from hauberk.model.observation import ScanOptions
from hauberk.protocols import (
    caa,
    dane,
    delegation,
    dkim,
    dmarc,
    dnsbl,
    dnssec,
    lookalikes,
    mta_sts,
    mx,
    relay,
    reverse,
    rpki,
    spf,
    tls_rpt,
    trial,
)
from hauberk.protocols.bimi import record as bimi
from hauberk.protocols.tls import probe as tls
from hauberk.protocols.walk import Walk

SurveyWalk: TypeAlias = Callable[[str, ScanOptions], Walk[object]]

# What a scan of all areas asks. The checks replay the same walks from the tape.
WALKS: tuple[SurveyWalk, ...] = (
    mx.transport,
    mx.resolution,
    dane.discover,
    mta_sts.discover,
    tls_rpt.discover,
    tls.probe,
    tls.services,
    bimi.discover,
    caa.survey,
    dnssec.resolver,
    dnssec.of_domain,
    dnssec.of_hosts,
    delegation.survey,
    reverse.survey,
    dnsbl.survey,
    rpki.routed,
    spf.tree,
    dmarc.discover,
    dkim.find_keys,
    trial.trials,
    lookalikes.neighbours,
    relay.relaying,
)

# What comes when all else has been answered: a server may shut out who has named it so many recipients that are not its own.
LAST: tuple[SurveyWalk, ...] = (relay.relaying,)

# What the checks of each area read and their remedies need. Every area wants to know whether the domain
# takes mail at all; where what the mail servers say does not matter, none is contacted.
AREAS: Mapping[str, tuple[SurveyWalk, ...]] = MappingProxyType(
    {
        "bimi": (mx.routing, bimi.discover, dmarc.discover),
        "blocklist": (mx.transport, dnsbl.survey),
        "caa": (mx.transport, caa.survey),
        "cert": (mx.transport, dane.discover, tls.probe),
        "dane": (mx.transport, dane.discover, tls.probe),
        "dkim": (mx.routing, dkim.find_keys, dmarc.discover),
        "dmarc": (mx.routing, dmarc.discover),
        "dns": (mx.routing, delegation.survey),
        "dnssec": (mx.routing, dnssec.resolver, dnssec.of_domain, dnssec.of_hosts),
        "domain": (mx.transport, spf.tree, dmarc.discover, lookalikes.neighbours),
        "ipv6": (mx.transport, delegation.survey),
        "mta-sts": (mx.transport, mta_sts.discover),
        "mx": (mx.transport, mx.resolution),
        "ports": (mx.transport, tls.probe, tls.services),
        "ptr": (mx.transport, reverse.survey),
        "relay": (mx.transport, relay.relaying),
        "routing": (mx.routing, rpki.routed),
        "sender": (mx.transport, dane.discover, mta_sts.discover, tls.probe),
        "smtp": (mx.transport, trial.trials),
        "spf": (mx.routing, spf.tree),
        "tls": (mx.transport, tls.probe, trial.trials),
        "tls-rpt": (mx.routing, tls_rpt.discover),
    }
)


@cache
def walks_of(areas: tuple[str, ...]) -> tuple[SurveyWalk, ...]:
    """The walks for these areas of the catalogue, each once; for none all. Raises `KeyError` for an area that is none."""
    return tuple(dict.fromkeys(walk for area in areas for walk in AREAS[area])) if areas else WALKS
