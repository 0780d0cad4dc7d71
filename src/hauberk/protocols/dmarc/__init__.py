"""DMARC: the policy record, its discovery by the tree walk (RFC 9989), and what receivers that still read RFC 7489 make of it."""

from hauberk.protocols.dmarc.discovery import DmarcDiscovery, Governing, Step, discover
from hauberk.protocols.dmarc.legacy import Dmarc7489, LegacyView, parse_7489
from hauberk.protocols.dmarc.record import Dmarc, Policy, Psd, parse, render
from hauberk.protocols.dmarc.report_uri import ReportUri
from hauberk.protocols.dmarc.reporting import Destination, Permission

__all__ = [
    "Destination",
    "Dmarc",
    "Dmarc7489",
    "DmarcDiscovery",
    "Governing",
    "LegacyView",
    "Permission",
    "Policy",
    "Psd",
    "ReportUri",
    "Step",
    "discover",
    "parse",
    "parse_7489",
    "render",
]
