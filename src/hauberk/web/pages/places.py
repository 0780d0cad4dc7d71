"""What the addresses of pages name: rows of the visitor's own tenant. What is another's is not there."""

from typing import Annotated

from fastapi import Path

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.store import assessments, domains
from hauberk.store.assessments import Assessed
from hauberk.store.domains import Domain
from hauberk.store.errors import missing
from hauberk.store.session import TenantSession

LARGEST = 2**63 - 1  # of a row's number, in either database
Id = Annotated[int, Path(ge=1, le=LARGEST)]


async def domain_of(session: TenantSession, id: int) -> Domain:
    """Raises `StoreError` (missing)."""
    found = await domains.by_id(session, id)
    if found is None:
        raise missing("domain")
    return found


async def domain_typed(session: TenantSession, text: str) -> Domain | None:
    """The domain that somebody typed: its name as pages show it, as the DNS has it, or in an address. `None` where there is none such."""
    name = parse_domain(text)
    return None if isinstance(name, Malformed) else await domains.by_name(session, name)


async def assessed_of(session: TenantSession, domain_id: int, id: int) -> Assessed:
    """A result of that very domain. Raises `StoreError` (missing)."""
    found = await assessments.by_id(session, id)
    if found is None or found.domain_id != domain_id:
        raise missing("result")
    return found
