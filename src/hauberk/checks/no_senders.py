"""Whether a domain says that nobody sends in its name: `v=spf1 -all` and DMARC reject; shared by the checks of domain and dkim."""

from hauberk.checks.reading import Reading
from hauberk.model.dns import DnsAnswer
from hauberk.protocols.dmarc import Policy, discover
from hauberk.protocols.spf import select


def spf_texts(reading: Reading) -> tuple[str, ...] | None:
    """The SPF records of the domain; None where they were not answered."""
    answer = reading.dns(reading.domain, "TXT")
    if not isinstance(answer, DnsAnswer) or answer.rcode not in ("NOERROR", "NXDOMAIN"):
        return None
    return select(answer).records


def lists_nobody(spf: tuple[str, ...]) -> bool:
    """Exactly one record, and all it says is that everybody fails."""
    return len(spf) == 1 and spf[0].lower().split() == ["v=spf1", "-all"]


def refuses_all(reading: Reading) -> bool:
    """No mail in the domain's name gets through: SPF lists nobody, and DMARC has what is forged rejected."""
    dmarc = reading.walked(discover, reading.domain, reading.options)
    return not dmarc.unanswered and dmarc.own.applied is Policy.REJECT and lists_nobody(spf_texts(reading) or ())
