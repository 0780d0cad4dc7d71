"""What the DKIM checks share: the search, whether DKIM matters for the domain, and the advice for a new key."""

from collections.abc import Iterable

from hauberk.checks.no_senders import refuses_all
from hauberk.checks.reading import Reading
from hauberk.model.assessment import Remedy
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols import mx
from hauberk.protocols.dkim import DkimKeys, FoundKey, Presence, find_keys
from hauberk.protocols.mx import Routing

MOST_SHOWN = 30

_NO_MAIL = (Routing.NULL, Routing.NONE, Routing.NO_DOMAIN)
_HOW = {
    "given": "named by you",
    "message": "named by a signed message",
    "report": "named by DMARC reports",
    "provider": "usual at the provider",
    "common": "a common name",
    "nsec": "named by the zone's NSEC records",
}


def searched(reading: Reading) -> DkimKeys:
    return reading.walked(find_keys, reading.domain, reading.options)


def sends_no_mail(reading: Reading, keys: DkimKeys) -> bool:
    """A domain without any trace of signing that has no mail hosts, or says that nobody sends for it; DKIM does not apply to it."""
    if keys.usable or reading.options.selectors:
        return False
    return reading.walked(mx.route, reading.domain).routing in _NO_MAIL or refuses_all(reading)


def subject(found: FoundKey) -> str:
    return found.name


def how_known(found: FoundKey) -> str:
    behind = f", behind {found.aliases[-1]}" if found.aliases else ""
    return f"selector {found.selector}, {_HOW[found.origin]}{behind}"


def not_answered(keys: DkimKeys) -> Iterable[Finding]:
    """What silence leaves open: whether anything is published, and the selectors that are known to be in use."""
    if keys.presence is Presence.UNKNOWN:
        apex = f"_domainkey.{keys.domain}"
        message = f"The question for {apex} was not answered, so only selectors that were named have been asked for."
        yield Finding(apex, Verdict.UNKNOWN, message, code="dkim-unanswered")
    for selector, _ in keys.silent:
        name = f"{selector}._domainkey.{keys.domain}"
        yield Finding(name, Verdict.UNKNOWN, "The question for the key was not answered.", code="dkim-unanswered")


def new_key(check: str, what: str, reading: Reading) -> Remedy:
    """A key pair has to be made where mail is signed; only then is there a record to publish."""
    selector = f"s{reading.observation.at:%Y%m}"
    made = (
        f"rspamadm dkim_keygen -d {reading.domain} -s {selector} -b 2048  # Rspamd: prints the record to publish",
        f"opendkim-genkey -d {reading.domain} -s {selector} -b 2048  # OpenDKIM: writes it to {selector}.txt",
    )
    return Remedy(check, what, settings=made)
