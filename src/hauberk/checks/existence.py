"""Whether there is a domain at all: where the DNS knows no such name, there is nothing to judge, to score or to mend."""

from hauberk.checks.reading import Reading
from hauberk.model.dns import DnsAnswer
from hauberk.model.verdict import Finding, Verdict

NO_DOMAIN = "no-domain"
_ASKED = ("MX", "TXT")  # one of the two is asked in nearly every area


def is_missing(reading: Reading) -> bool:
    """The DNS says that there is no such name (RFC 8020), and nothing else; an alias is a name, wherever it leads (RFC 6604, 2)."""
    answers = [answer for type in _ASKED if isinstance(answer := reading.dns(reading.domain, type), DnsAnswer)]
    return bool(answers) and all(answer.rcode == "NXDOMAIN" and not answer.records for answer in answers)


def missing(domain: str) -> Finding:
    return Finding(domain, Verdict.NOT_APPLICABLE, f"{domain} does not exist (NXDOMAIN).", code=NO_DOMAIN)
