"""The words of a report: states, dates, numbers and the names of areas, said the same way everywhere."""

import re
from datetime import UTC, datetime

from hauberk.model.score import Band
from hauberk.model.verdict import Verdict
from hauberk.report.content import Mark
from hauberk.scoring.score import UNGRADED

MARKS = {
    Verdict.PASS: Mark("pass", "Pass"),
    Verdict.WARN: Mark("warn", "Improve"),
    Verdict.FAIL: Mark("fail", "Fail"),
    Verdict.INFO: Mark("info", "Note"),
    Verdict.NOT_APPLICABLE: Mark("none", "Not applicable"),
    Verdict.UNKNOWN: Mark("unknown", "Unknown"),
    Verdict.ERROR: Mark("unknown", "Check error"),
}
NOT_TESTED = Mark("none", "Not tested")

BANDS = {
    Band.GREEN: Mark("pass", "Green: good"),
    Band.AMBER: Mark("warn", "Amber: improve"),
    Band.RED: Mark("fail", "Red: act now"),
}
INCOMPLETE = Mark("unknown", "Incomplete")

_AREAS = {
    "bimi": "BIMI",
    "blocklist": "Block lists",
    "caa": "CAA",
    "cert": "Certificates",
    "dane": "DANE",
    "dkim": "DKIM",
    "dmarc": "DMARC",
    "dns": "DNS",
    "dnssec": "DNSSEC",
    "domain": "The domain",
    "ipv6": "IPv6",
    "mta-sts": "MTA-STS",
    "mx": "MX and routing",
    "ports": "Submission ports",
    "ptr": "Reverse DNS",
    "relay": "Relaying",
    "routing": "Route origin",
    "sender": "What senders do",
    "smtp": "SMTP",
    "spf": "SPF",
    "tls": "TLS and STARTTLS",
    "tls-rpt": "TLS reporting",
}
# The story an auditor reads: who may send, how mail travels, what the names stand on, the rest.
_ORDER = (
    *("domain", "spf", "dkim", "dmarc", "bimi", "mx", "tls", "cert", "dane", "mta-sts", "tls-rpt", "sender", "smtp", "relay", "ports"),
    *("dnssec", "caa", "dns", "ipv6", "ptr", "routing", "blocklist"),
)
_ATTRIBUTE = re.compile(r"(?:^|,)(CN|O)=((?:\\.|[^,\\])*)")


def area_name(area: str) -> str:
    return _AREAS.get(area, area.replace("-", " ").capitalize())


def area_order(area: str) -> tuple[int, str]:
    return (_ORDER.index(area) if area in _ORDER else len(_ORDER), area)


def day(moment: datetime) -> str:
    """`21 November 2026`, in UTC."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1]} {utc.year}"


def short_day(moment: datetime) -> str:
    """`21 Nov 2026`, in UTC."""
    utc = moment.astimezone(UTC)
    return f"{utc.day} {_MONTHS[utc.month - 1][:3]} {utc.year}"


def minute(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    return f"{day(utc)}, {utc:%H:%M} UTC"


def points(value: float) -> str:
    """At most one decimal: `49`, `71.5`."""
    return f"{value:.1f}".removesuffix(".0")


def scored(value: float, coverage: float) -> str:
    """The points of a result; a dash where nothing could be judged."""
    return points(value) if coverage else UNGRADED


def percent(share: float) -> str:
    """Rounded towards the worse, so that 89.6 % never reads as 90 %."""
    return f"{whole_percent(share)} %"


def whole_percent(share: float) -> int:
    return int(share * 100 + 1e-9)


def counted(number: int, one: str, many: str = "") -> str:
    """`1 endpoint`, `2 endpoints`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: tuple[str, ...], most: int) -> str:
    """At most `most` names and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def distinguished(name: str) -> str:
    """The common name and organisation of an RFC 4514 string, or the string itself where it has neither."""
    found = {key: re.sub(r'\\([,+"\\<>;= #])', r"\1", value) for key, value in _ATTRIBUTE.findall(name)}
    return ", ".join(dict.fromkeys(found[key] for key in ("CN", "O") if found.get(key))) or name


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
