"""What stands in the addresses: names of domains and ids of rows, always looked up among the caller's own."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.store import domains, tenants
from hauberk.store.domains import Domain
from hauberk.store.session import TenantSession
from hauberk.web.api.problem import Complaint, invalid, not_found, root_of

_FORMAT = {"format": "idn-hostname"}
DomainFilter = Annotated[
    str, Query(max_length=300, description="Of this domain only.", examples=["example.com"], json_schema_extra=_FORMAT)
]
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


def _name(
    name: Annotated[
        str,
        Path(
            max_length=300, description="A domain name; A-labels or as people read it.", examples=["example.com"], json_schema_extra=_FORMAT
        ),
    ],
) -> str:
    parsed = parse_domain(name)
    if isinstance(parsed, Malformed):
        raise invalid(Complaint(parsed.reason, parameter="name"))
    return parsed


Name = Annotated[str, Depends(_name)]


async def domain_named(session: TenantSession, name: str) -> Domain:
    """The tenant's domain; refused (404) where it has none of that name."""
    found = await domains.by_name(session, name)
    if found is None:
        raise not_found("domain")
    return found


async def domain_filter(session: TenantSession, text: str) -> int | None:
    """The id of the domain that a list is limited to; `None` where it is not limited."""
    if not text:
        return None
    parsed = parse_domain(text)
    if isinstance(parsed, Malformed):
        raise invalid(Complaint(parsed.reason, parameter="domain"))
    return (await domain_named(session, parsed)).id


def parsed_name(text: str, number: int) -> str:
    """The name that stands at a place of a body's `domains`; refused (422) where it is none."""
    parsed = parse_domain(text)
    if isinstance(parsed, Malformed):
        raise invalid(Complaint(parsed.reason, pointer=f"#/domains/{number}"))
    return parsed


async def scored_by(session: TenantSession, rubric: str = "") -> str:
    """The rubric that is asked for, else the organisation's: what else was made of a tape is not the result."""
    return rubric or (await tenants.current(session)).scored_by


def at(request: Request, *steps: object) -> str:
    """The address of something in this API, as a path."""
    return "/".join((root_of(request), *map(str, steps)))
