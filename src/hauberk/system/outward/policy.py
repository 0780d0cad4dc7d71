"""What a sender makes of a domain's MTA-STS policy, with DANE before it. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hauberk.model.transport import HttpsAnswer
from hauberk.protocols import mta_sts
from hauberk.protocols.dane.discover import DaneRecords, Published
from hauberk.protocols.mta_sts import Mode, StsDiscovery, StsPolicy, StsRecord
from hauberk.protocols.x509 import verify


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a domain. `policy` None: it has none; `fetched` dates the policy, `asked` the last look at the DNS (UTC)."""

    id: str
    policy: StsPolicy | None
    fetched: datetime
    asked: datetime

    def valid(self, at: datetime) -> bool:
        """The policy counts for `max_age` after it was fetched, even if the record is gone (RFC 8461, 5.1)."""
        return self.policy is not None and at < self.fetched + timedelta(seconds=self.policy.max_age)


def record_id(found: StsDiscovery) -> str:
    """The id of the one record; empty where there is none, or more than one (RFC 8461, 3.1: then there is none)."""
    records = [one for one in map(mta_sts.parse_record, found.records) if isinstance(one, StsRecord)]
    return records[0].id if len(records) == 1 and len(found.records) == 1 else ""


def fetched_policy(domain: str, found: StsDiscovery, at: datetime, anchors: tuple[bytes, ...]) -> StsPolicy | None:
    """The policy as a sender may believe it: over verified TLS, status 200, whole, well-formed (RFC 8461, 3.3)."""
    answer = found.file
    if not isinstance(answer, HttpsAnswer) or not answer.tls.completed or answer.status != 200 or answer.truncated:
        return None
    if not verify(answer.tls.chain, f"mta-sts.{domain}", at, anchors).trusted:
        return None
    policy = mta_sts.parse_policy(answer.body)
    return policy if isinstance(policy, StsPolicy) else None


def updated(before: Kept | None, found: StsDiscovery, policy: StsPolicy | None, at: datetime) -> Kept:
    """What is known after a look: a new policy, or the old one for as long as it is valid."""
    if policy is not None:
        return Kept(record_id(found), policy, at, at)
    if before is not None and before.valid(at):
        return replace(before, asked=at)
    return Kept("", None, at, at)


def left_to_dane(records: DaneRecords) -> bool:
    """DANE decides where it is there, or where its answers are forged: MTA-STS must not override it (RFC 8461, 2)."""
    return any(one.published in (Published.SECURE, Published.BOGUS) for one in records.hosts)


def table_entry(kept: Kept | None, records: DaneRecords, at: datetime) -> str:
    """The right side of Postfix's smtp_tls_policy_maps; empty: what main.cf says (postconf(5)). `testing` binds nobody."""
    if kept is None or kept.policy is None or not kept.valid(at) or kept.policy.mode is not Mode.ENFORCE or left_to_dane(records):
        return ""
    names = ":".join(pattern.removeprefix("*") for pattern in kept.policy.mx)
    return f"secure match={names} servername=hostname"
