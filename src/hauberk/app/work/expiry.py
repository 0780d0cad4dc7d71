"""What comes to an end by itself: the certificates that mail servers show, and the freshness of the evidence."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hauberk.model.observation import Observation
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.x509 import describe
from hauberk.report.compose import FRESH

_DAYS = (0, 1, 7, 30)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A certificate that a host showed."""

    host: str
    not_before: datetime
    not_after: datetime


def certificates(observation: Observation) -> tuple[Shown, ...]:
    """Each host's own certificates, the one that ends first for each host; those that cannot be read are left out."""
    first: dict[str, Shown] = {}
    for exchange in observation.smtp:
        chain = exchange.session.tls.chain if exchange.session and exchange.session.tls else ()
        leaf = describe(chain[0]) if chain else None
        if leaf is None or isinstance(leaf, Malformed):
            continue
        shown = Shown(exchange.endpoint.host, leaf.not_before, leaf.not_after)
        if shown.host not in first or shown.not_after < first[shown.host].not_after:
            first[shown.host] = shown
    return tuple(first[host] for host in sorted(first))


def days_left(shown: Shown, at: datetime) -> int | None:
    """Which of 30, 7, 1 and 0 days it has left at most; `None` while there is time.

    What is made for a short time is told of later: not before a third of its life is left (RFC 9773 lets renewal happen then).
    """
    days = _threshold(shown.not_after - at)
    short = days is not None and days > 1 and days * _DAY > (shown.not_after - shown.not_before + _DAY) / 3
    if days is None or not short:
        return days
    return next((one for one in reversed(_DAYS) if one < days and shown.not_after - at <= one * _DAY), None)


def certificate_message(domain: str, shown: Shown, at: datetime) -> str:
    when = f"{shown.not_after:%Y-%m-%d %H:%M} UTC"
    if shown.not_after <= at:
        return f"{domain}: the certificate of {shown.host} expired at {when}"
    return f"{domain}: the certificate of {shown.host} ends in {_in_words(shown.not_after - at)}, at {when}"


def evidence_days_left(observed_at: datetime, at: datetime) -> int | None:
    """The same of the evidence, which auditors take for 90 days."""
    return _threshold(observed_at + FRESH - at)


def evidence_message(domain: str, observed_at: datetime, at: datetime) -> str:
    seen = f"the last scan was on {observed_at:%Y-%m-%d}"
    left = observed_at + FRESH - at
    if left <= timedelta(0):
        return f"{domain}: the evidence is more than {FRESH.days} days old; {seen}"
    return f"{domain}: the evidence is too old in {_in_words(left)}; {seen}"


def _threshold(left: timedelta) -> int | None:
    return next((days for days in _DAYS if left <= days * _DAY), None)


def _in_words(left: timedelta) -> str:
    days = left // _DAY
    return "less than a day" if days == 0 else "1 day" if days == 1 else f"{days} days"
