"""The running of `hauberk verify --chain`: every tenant's chain of evidence, from its first link to its head."""

import re
import sys
from dataclasses import dataclass

import msgspec

from hauberk.cli import exits
from hauberk.cli.database import done, with_store

_HEAD = re.compile(r"(?P<slug>[^=]+)=(?P<sequence>[0-9]{1,18}):(?P<digest>[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class TenantChain:
    """`head` is `NUMBER:DIGEST`: written down elsewhere, it proves later that nothing up to it was rewritten. `broken` says why, if so."""

    tenant: str
    links: int
    head: str
    broken: str


def run_verify_chain(database: str, heads: tuple[str, ...], format: str) -> int:
    """Do it; the exit code. `heads` are `SLUG=NUMBER:DIGEST`, as a former run printed them."""
    for head in heads:
        if not _HEAD.fullmatch(head):
            exits.refuse(f"--head {head!r} is not of the form TENANT=NUMBER:DIGEST")
    with_store()
    found = done(_verified(database, heads))
    if format == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    else:
        for one in found:
            sys.stdout.write(_shown(one))
    return exits.FINDINGS if any(one.broken for one in found) else exits.FINE


async def _verified(database: str, heads: tuple[str, ...]) -> tuple[TenantChain, ...]:
    from hauberk.store import tenants
    from hauberk.store.chain import Head
    from hauberk.store.store import Store
    from hauberk.store.verification import verify_chain

    matches = [match for head in heads if (match := _HEAD.fullmatch(head))]
    known = {match["slug"]: Head(int(match["sequence"]), match["digest"]) for match in matches}
    store = await Store.open(database, connections=2)
    try:
        async with store.system(writing=False) as system:
            everybody = await tenants.all_tenants(system)
        found: list[TenantChain] = []
        for tenant in everybody:
            async with store.tenant(tenant.id, writing=False) as session:
                report = await verify_chain(session, known=known.pop(tenant.slug, None))
            broken = f"link {report.broken.sequence}: {report.broken.reason}" if report.broken else ""
            found.append(TenantChain(tenant.slug, report.links, f"{report.head.sequence}:{report.head.digest}", broken))
        found += [TenantChain(slug, 0, "", "there is no such tenant") for slug in known]
        return tuple(found)
    finally:
        await store.close()


def _shown(one: TenantChain) -> str:
    if one.broken:
        return f"✘ {one.tenant}: BROKEN at {one.broken} ({one.links} before it hold)\n"
    return f"✔ {one.tenant}: {one.links} links hold, head {one.tenant}={one.head}\n"
