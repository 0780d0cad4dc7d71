"""Badges: a domain's latest result as a small picture at an address that nobody can guess, for a README or an intranet."""

import hmac
import re
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime

from hauberk.app.work.sealing import derived_key
from hauberk.app.work.work_settings import WorkSettings
from hauberk.report.compose import FRESH
from hauberk.store import assessments, domains, tenants
from hauberk.store.session import TenantSession
from hauberk.store.store import Store

_TOKEN = re.compile(r"([1-9][0-9]{0,17})-([1-9][0-9]{0,17})-([a-z2-7]{26})")


@dataclass(frozen=True, slots=True)
class Standing:
    """What a badge says: `band` is green, amber, red, or grey where nothing counts (no result, incomplete, older than 90 days)."""

    words: str
    band: str


async def token_of(settings: WorkSettings, store: Store, tenant: int, domain_id: int) -> str:
    """The badge's part of an address, always the same for a domain. Raises `SealError`."""
    return f"{tenant}-{domain_id}-{_mac(await derived_key(settings, store, 'badges'), tenant, domain_id)}"


async def read_token(settings: WorkSettings, store: Store, token: str) -> tuple[int, int] | None:
    """Tenant and domain of a badge's token; `None` for one that this server did not make. Raises `SealError`."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    tenant, domain_id = int(found[1]), int(found[2])
    key = await derived_key(settings, store, "badges")
    return (tenant, domain_id) if hmac.compare_digest(_mac(key, tenant, domain_id), found[3]) else None


async def standing(session: TenantSession, domain_id: int, at: datetime) -> Standing | None:
    """How a domain of the tenant stands; `None` where the tenant does not look after it (any more)."""
    domain = await domains.by_id(session, domain_id)
    tenant = await tenants.current(session)
    if domain is None or domain.removed_at is not None or tenant.archived_at is not None:
        return None
    latest = await assessments.latest(session, domain_id, at, rubric=tenant.scored_by)
    if latest is None:
        return Standing("not scanned yet", "grey")
    if at >= latest.observed_at + FRESH:
        return Standing("expired", "grey")
    if latest.incomplete:
        return Standing("incomplete", "grey")
    return Standing(f"{latest.grade} · {latest.points:g} of 100", latest.band)


def _mac(key: bytes, tenant: int, domain_id: int) -> str:
    """128 bits in 26 letters and digits."""
    digest = hmac.digest(key, f"{tenant}-{domain_id}".encode(), "sha256")
    return b32encode(digest[:16]).decode().rstrip("=").lower()
