"""The same record as a receiver reads it that still follows RFC 7489 (6.3, 6.4, 6.6.3), for comparison."""

from dataclasses import dataclass, field
from functools import lru_cache

from msgspec import Struct

from hauberk.protocols.dmarc.record import Policy
from hauberk.protocols.dmarc.report_uri import ReportUri, read_uris
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.tags import TagList, begins_with, parse_tags


@dataclass(frozen=True, slots=True)
class Dmarc7489:
    """`pct` is the share of failing mail, in percent, that the policy is to be applied to."""

    tags: TagList
    p: Policy
    sp: Policy | None = None
    pct: int = 100
    rua: tuple[ReportUri, ...] = ()
    faults: tuple[Malformed, ...] = field(default=(), compare=False)


class LegacyView(Struct, frozen=True):
    """What RFC 7489 finds: the record (or why there is none to act on) at `policy_domain`, empty when no name has one.

    `organisational` comes from the public suffix list. `applies` is the policy for the domain's own mail, None without a record.
    """

    organisational: str
    policy_domain: str = ""
    record: Dmarc7489 | Malformed | None = None

    def policy_for(self, domain: str) -> Policy | None:
        if not isinstance(self.record, Dmarc7489):
            return None
        return self.record.p if self.policy_domain == domain else self.record.sp or self.record.p


@lru_cache(maxsize=1024)
def parse_7489(text: str) -> Dmarc7489 | Malformed:
    """`v` must be first and `p` second (6.4); a policy that cannot be read counts as none if there is an address for reports (6.6.3)."""
    listed = parse_tags(text)
    if not begins_with(text, listed, "DMARC1"):
        return Malformed(text, 0, "the record does not begin with v=DMARC1", max(len(text.partition(";")[0]), 1))
    rua, _ = read_uris(listed.first("rua"), text)
    second = listed.tags[1] if len(listed.tags) > 1 else None
    found = listed.first("p")
    subdomains = listed.first("sp")
    faults: list[Malformed] = []
    if found and second and second.name.lower() != "p":
        faults.append(Malformed(text, second.position, "RFC 7489 wants the tag p directly behind v", max(len(second.value), 1)))
    policy = _policy(found.value) if found else None
    sp = _policy(subdomains.value) if subdomains else None
    if policy is None or (subdomains and sp is None):
        if not rua:
            position, length = (found.position, max(len(found.value), 1)) if found else (0, len(text))
            return Malformed(text, position, "there is no policy that RFC 7489 knows (the tag p)", length)
        policy, sp = Policy.NONE, None
    return Dmarc7489(listed, policy, sp, _percentage(listed, text, faults), rua, tuple(faults))


def _policy(value: str) -> Policy | None:
    try:
        return Policy(value.lower())
    except ValueError:
        return None


def _percentage(listed: TagList, text: str, faults: list[Malformed]) -> int:
    tag = listed.first("pct")
    if tag is None:
        return 100
    if tag.value.isascii() and tag.value.isdigit() and len(tag.value) <= 3 and int(tag.value) <= 100:
        return int(tag.value)
    faults.append(Malformed(text, tag.position, "the tag pct must be a number from 0 to 100", max(len(tag.value), 1)))
    return 100
