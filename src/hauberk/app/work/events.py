"""What people are told about, and how one occurrence is told from the next."""

from dataclasses import dataclass
from enum import StrEnum


class Event(StrEnum):
    """The names stand in webhooks and in the choice of a channel, and stay stable."""

    BAND = "band-changed"
    RED_FLAG = "new-red-flag"
    CERTIFICATE = "certificate-expiring"
    EVIDENCE = "evidence-expiring"
    UNREACHABLE = "domain-unreachable"
    RECOVERED = "recovered"
    DIGEST = "digest"
    TEST = "test"


# What a channel can be limited to; a test is sent to whatever is tested.
CHOICES = tuple(event for event in Event if event is not Event.TEST)
# What can be over again: such an alert stays open until it is.
LASTING = (Event.RED_FLAG, Event.UNREACHABLE, Event.CERTIFICATE, Event.EVIDENCE)
SAYS = {
    Event.BAND: "the band changed",
    Event.RED_FLAG: "a check fails that did not",
    Event.CERTIFICATE: "a certificate ends in 30, 7 or 1 days",
    Event.EVIDENCE: "the evidence is too old in 30, 7 or 1 days",
    Event.UNREACHABLE: "the domain or its mail servers cannot be reached",
    Event.RECOVERED: "what was wrong is mended",
    Event.DIGEST: "how all domains stand, once a week",
}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One occurrence: the event, the domain, what it is about (a check, a host) and what makes it this one (a scan, a date)."""

    event: Event
    domain_id: int
    about: str
    occurrence: str

    def __str__(self) -> str:
        return f"{self.event.value}|{self.domain_id}|{self.about}|{self.occurrence}"[:200]

    @classmethod
    def read(cls, text: str) -> "Fingerprint | None":
        """The inverse; `None` for what this program did not write."""
        parts = text.split("|")
        if len(parts) != 4 or not parts[1].isdigit() or parts[0] not in set(Event):
            return None
        return cls(Event(parts[0]), int(parts[1]), parts[2], parts[3])
