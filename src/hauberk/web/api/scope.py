"""What a token may be used for. Every route wants exactly one scope, and none contains another."""

from enum import StrEnum


class Scope(StrEnum):
    READ = "read"
    SCAN = "scan"
    REPORT = "report"
    VERIFY = "verify"
    MANAGE = "manage"
    METRICS = "metrics"

    @property
    def about(self) -> str:
        return _ABOUT[self]


_ABOUT = {
    Scope.READ: "Look at everything of the organisation: domains, results, tapes, reports, alerts.",
    Scope.SCAN: "Order scans.",
    Scope.REPORT: "Order signed reports.",
    Scope.VERIFY: "Have files verified.",
    Scope.MANAGE: "Change domains, schedules, channels, silences, exceptions and the organisation itself.",
    Scope.METRICS: "Fetch /metrics, and nothing else.",
}


def parse_scopes(text: str) -> frozenset[Scope]:
    """The scopes of a token as the store keeps them, by spaces; what is none is left out."""
    known = {scope.value: scope for scope in Scope}
    return frozenset(known[word] for word in text.split() if word in known)
