"""The zones that a domain's mail names stand in, one after the other."""

from collections.abc import Callable, Iterator

from hauberk.checks.endpoints import unanswered
from hauberk.checks.reading import Reading
from hauberk.model.verdict import Finding, Verdict
from hauberk.protocols import delegation
from hauberk.protocols.delegation import Zone


def each_zone(reading: Reading, judge_one: Callable[[Zone], Finding]) -> Iterator[Finding]:
    """The finding about each zone; unknown where no name servers were found."""
    found = reading.walked(delegation.survey, reading.domain, reading.options)
    if not found.zones:
        reason = f"the question for them {unanswered(found.failed)}" if found.failed else "none were found"
        yield Finding(reading.domain, Verdict.UNKNOWN, f"The domain's name servers are not known: {reason}.")
    yield from map(judge_one, found.zones)
