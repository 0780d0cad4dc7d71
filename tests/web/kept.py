"""Results in the store of a test: a domain as it was seen at some moments."""

import asyncio
from dataclasses import replace
from datetime import datetime

from hauberk.app.scanning import assess
from hauberk.model.dns import DnsAnswer, DnsExchange, Question
from hauberk.scoring.rubric import load
from hauberk.store import assessments, domains, scans
from hauberk.store.assessments import Assessed
from hauberk.store.tenants import Tenant
from report.samples import observation
from web.site import Site

SOUND, OPEN = "v=spf1 mx -all", "v=spf1 +all"


async def keep(
    site: Site, tenant: Tenant, name: str, at: datetime, txt: str = SOUND, *, plan: bool = False, gone: bool = False
) -> Assessed:
    """One more scan of a domain of the tenant, which is added if need be, with its assessment; `gone`: the DNS knows no such name."""
    seen = replace(await asyncio.to_thread(observation, 1, name, txt), at=at)
    if gone:
        seen = replace(seen, dns=(DnsExchange(Question(name, "MX"), DnsAnswer("NXDOMAIN")),), smtp=(), https=())
    judged = await asyncio.to_thread(assess, seen, load(), plan=plan)
    async with site.store.tenant(tenant.id) as session:
        await domains.add(session, name, at)
        scan = (await scans.store(session, seen, at)).scan
        return await assessments.add(session, scan.id, judged, at)
