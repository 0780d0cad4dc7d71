"""Founding an organisation: a tenant with a slug that is its own."""

import re
import unicodedata
from datetime import datetime

from hauberk.store import tenants
from hauberk.store.errors import Fault, StoreError
from hauberk.store.session import SystemSession
from hauberk.store.tenants import Tenant

LONGEST_NAME = 120


def proper_name(text: str) -> str:
    """The name with plain spaces only. Raises `StoreError` (invalid) for none, one too long, or one with characters that do not print."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        raise StoreError(Fault.INVALID, "an organisation needs a name")
    if len(name) > LONGEST_NAME:
        raise StoreError(Fault.INVALID, f"a name has at most {LONGEST_NAME} characters")
    if not name.isprintable():
        raise StoreError(Fault.INVALID, "the name holds characters that do not print")
    return name


def slug_of(name: str) -> str:
    """`Example Ltd` -> `example-ltd`: what stands in addresses and on the command line."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50].strip("-") or "organisation"


async def found(session: SystemSession, name: str, at: datetime) -> Tenant:
    """A new organisation of that name; two may have the same. Raises `StoreError` (invalid)."""
    proper, slug = proper_name(name), slug_of(name)
    taken = {one.slug for one in await tenants.all_tenants(session)}
    free = next(one for one in (slug, *(f"{slug}-{number}" for number in range(2, len(taken) + 3))) if one not in taken)
    return await tenants.add(session, free, proper, at)
