"""Whether the domains that reports are sent to have agreed to receive them (RFC 9990, section 4)."""

from enum import StrEnum

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.protocols.dmarc.record import Dmarc
from hauberk.protocols.dmarc.report_uri import ReportUri
from hauberk.protocols.names import is_at_or_below
from hauberk.protocols.rdata import txt
from hauberk.protocols.tags import begins_with, parse_tags
from hauberk.protocols.walk import Walk, ask_each

MOST_HOSTS = 20
LONGEST_NAME = 253


class Permission(StrEnum):
    OWN = "own"  # the same organisation: none is needed
    GRANTED = "granted"
    MISSING = "missing"
    UNKNOWN = "unknown"
    NOT_ASKED = "not-asked"  # more hosts than a record may sensibly name


class Destination(Struct, frozen=True):
    """One address of `rua` or `ruf` (`tag`), the name where the permission is looked for, and what was found there."""

    tag: str
    uri: ReportUri
    permission: Permission
    question: str = ""
    answer: DnsAnswer | NoAnswer | None = None


def destinations(record: Dmarc, policy_domain: str, organisational: str) -> Walk[tuple[Destination, ...]]:
    """Every report address of the record with its permission.

    A host at or below the organisational domain is taken to be of the same organisation; the tree walk could only say
    otherwise where a subdomain declares itself independent (`psd=n`).
    """
    addressed = tuple((tag, uri) for tag, uris in (("rua", record.rua), ("ruf", record.ruf)) for uri in uris)
    outside = dict.fromkeys(uri.host for _, uri in addressed if not is_at_or_below(uri.host, organisational))
    # a name that is too long to exist cannot hold a permission, and so is not asked
    hosts = tuple(host for host in tuple(outside)[:MOST_HOSTS] if len(permission_name(policy_domain, host)) <= LONGEST_NAME)
    answers = yield from ask_each(tuple(Question(permission_name(policy_domain, host), "TXT") for host in hosts))
    by_host = dict(zip(hosts, answers, strict=True))
    found: list[Destination] = []
    for tag, uri in addressed:
        if uri.host not in outside:
            found.append(Destination(tag, uri, Permission.OWN))
        elif len(question := permission_name(policy_domain, uri.host)) > LONGEST_NAME:
            found.append(Destination(tag, uri, Permission.MISSING, question))
        elif uri.host not in by_host:
            found.append(Destination(tag, uri, Permission.NOT_ASKED))
        else:
            answer = by_host[uri.host]
            found.append(Destination(tag, uri, _permission(answer), question, answer))
    return tuple(found)


def permission_name(policy_domain: str, host: str) -> str:
    return f"{policy_domain}._report._dmarc.{host}"


def _permission(answer: DnsAnswer | NoAnswer) -> Permission:
    if isinstance(answer, NoAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return Permission.UNKNOWN
    for record in answer.of("TXT"):
        text = txt(record)
        if begins_with(text, parse_tags(text), "DMARC1"):
            return Permission.GRANTED
    return Permission.MISSING
