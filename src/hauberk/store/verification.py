"""Walking a tenant's chain from its first link, and holding the evidence against it."""

import hashlib
import zlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import msgspec
from sqlalchemy import Table, and_, exists, func, select

from hauberk.store import chain
from hauberk.store.assessments import result_of
from hauberk.store.chain import Entry, Head, Link
from hauberk.store.columns import Found
from hauberk.store.session import TenantSession
from hauberk.store.tables.evidence import assessments, attachments, chain_links, domains, exceptions, reports, scans, tapes

_decoder = msgspec.json.Decoder(Entry)
_LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Broken:
    """The first link that does not hold, by its number, and why."""

    sequence: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChainReport:
    """`links` were walked and hold; `head` is the end of the chain; `broken` is `None` when all of it holds."""

    tenant: int
    links: int
    head: Head
    broken: Broken | None

    @property
    def holds(self) -> bool:
        return self.broken is None


async def verify_chain(session: TenantSession, *, known: Head | None = None, contents: bool = True) -> ChainReport:
    """Check every link, that what it speaks of is there and unchanged (`contents`), and that nothing is there without a link.

    `known` is a head that was seen before: it must still be part of the chain. Best in a reading session, which sees one state.
    """
    end = await chain.head(session)
    previous, walked = Head(0, chain.NOTHING), 0
    async for link in _all_links(session):
        reason = _break_of(session.tenant, previous, link) or (await _evidence_break(session, link) if contents else "")
        if not reason and known is not None and known.sequence == link.sequence and known.digest != link.digest:
            reason = f"the link was {known.digest} when it was last seen"
        if reason:
            return ChainReport(session.tenant, walked, end, Broken(link.sequence, reason))
        previous, walked = Head(link.sequence, link.digest), walked + 1
    reason = _end_break(previous, end, known) or (await _unlinked(session) if contents else "")
    return ChainReport(session.tenant, walked, end, Broken(previous.sequence + 1, reason) if reason else None)


async def _all_links(session: TenantSession) -> AsyncGenerator[Link]:
    after = 0
    while page := await chain.links(session, after=after, limit=500):
        for link in page:
            yield link
        after = page[-1].sequence


def _break_of(tenant: int, previous: Head, link: Link) -> str:
    if link.sequence != previous.sequence + 1:
        return f"link {previous.sequence + 1} is missing"
    if chain.digest_of(previous.digest, link.record) != link.digest:
        return "the digest is not that of the record after the link before"
    try:
        entry = _decoder.decode(link.record)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "the record is not one of the chain"
    if chain.canonical(entry) != link.record:
        return "the record is not in canonical form"
    told = (entry.format, entry.tenant, entry.sequence, entry.kind, entry.subject, entry.at)
    if told != (chain.FORMAT, tenant, link.sequence, link.kind, link.subject_id, chain.moment(link.at)):
        return "the record speaks of another link"
    return ""


def _end_break(last: Head, end: Head, known: Head | None) -> str:
    if last != end:
        return f"the chain ends at link {last.sequence}, but its head is {end.sequence} {end.digest}"
    if known is not None and known.sequence > last.sequence:
        return f"link {known.sequence}, which was seen before, is gone"
    return ""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unpacked_digest(content: bytes) -> str:
    """SHA-256 over what the gzip holds; empty where it holds nothing sensible."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(content, _LARGEST)
    except zlib.error:
        return ""
    return _digest(plain) if unpacker.eof and not unpacker.unused_data else ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a kind of link keeps what it speaks of: the table, the digest's name in the event, and how the content comes to it."""

    table: Table
    name: str = ""
    digest: Callable[[bytes], str] = _digest


_KEPT = {
    "scan-stored": _Kept(scans, "evidence_id", lambda content: f"sha256:{_unpacked_digest(content)}"),
    "assessed": _Kept(assessments, "sha256", _unpacked_digest),
    "report-issued": _Kept(reports, "sha256"),
    "attachment-added": _Kept(attachments, "sha256"),
    "exception-granted": _Kept(exceptions),
    "exception-revoked": _Kept(exceptions),
}


async def _evidence_break(session: TenantSession, link: Link) -> str:
    kept = _KEPT.get(link.kind)
    if kept is None:
        return f"{link.kind} is no kind of link"
    row = await _content(session, kept.table, link.subject_id)
    if row is None:
        return f"the {kept.table.name.removesuffix('s')} {link.subject_id} that it speaks of is gone"
    if not kept.name:
        return await _exception_break(session, link)
    event = _decoder.decode(link.record).event
    agrees = event.get(kept.name) == row.said == kept.digest(bytes(row.content)) and event.get("domain") == row.domain
    if kept.table is scans:
        agrees = agrees and event.get("observed_at") == chain.moment(row.observed_at)
    if kept.table is assessments:
        result = result_of(row.points, row.grade, row.band, row.incomplete)
        agrees = agrees and (event.get("rubric"), event.get("catalogue"), event.get("result")) == (row.rubric, row.catalogue, result)
    return "" if agrees else f"the {kept.table.name.removesuffix('s')} {link.subject_id} was changed"


async def _content(session: TenantSession, table: Table, id: int) -> Found | None:
    """The row with its `content`, its digest as `said`, and the name of its `domain`."""
    of_domain = and_(domains.c.tenant_id == table.c.tenant_id, domains.c.id == table.c.domain_id)
    mine = and_(session.own(table), table.c.id == id)
    if table is exceptions:
        return await session.first(select(table.c.id).where(mine))
    if table is scans:
        same = and_(tapes.c.tenant_id == scans.c.tenant_id, tapes.c.id == scans.c.tape_id)
        chosen = select(tapes.c.content, scans.c.evidence_id.label("said"), scans.c.observed_at, domains.c.name.label("domain"))
        return await session.first(chosen.select_from(scans.join(tapes, same).join(domains, of_domain)).where(mine))
    chosen = select(*table.c, table.c.sha256.label("said"), domains.c.name.label("domain"))
    return await session.first(chosen.select_from(table.join(domains, of_domain)).where(mine))


async def _exception_break(session: TenantSession, link: Link) -> str:
    event = _decoder.decode(link.record).event
    row = await session.first(select(exceptions).where(session.own(exceptions), exceptions.c.id == link.subject_id))
    if row is None:
        return f"the exception {link.subject_id} that it speaks of is gone"
    if link.kind == "exception-revoked":
        agrees = row.revoked_at is not None and (row.revoked_by, row.check) == (event.get("revoked_by"), event.get("check"))
    else:
        found = (row.check, row.subject, row.reason, row.approver, chain.moment(row.expires_at))
        agrees = found == tuple(event.get(name, "") for name in ("check", "subject", "reason", "approver", "expires_at"))
    return "" if agrees else f"the exception {link.subject_id} was changed"


async def _unlinked(session: TenantSession) -> str:
    """What lies in the tables without the chain speaking of it."""
    for kind, kept in _KEPT.items():
        spoken = exists().where(session.own(chain_links), chain_links.c.kind == kind, chain_links.c.subject_id == kept.table.c.id)
        statement = select(func.min(kept.table.c.id)).where(session.own(kept.table), ~spoken)
        if kind == "exception-revoked":
            statement = statement.where(exceptions.c.revoked_at.is_not(None))
        row = await session.first(statement)
        if row is not None and row[0] is not None:
            return f"the {kept.table.name.removesuffix('s')} {row[0]} is there, but the chain does not speak of it ({kind})"
    return ""
