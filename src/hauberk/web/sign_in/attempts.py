"""Guessing is slow: attempts that failed are counted by account and by address.

An account is closed to one address soon, and to all of them only after many failures, so that nobody is shut out of an account by
somebody else's guesses alone; a passkey is let in all the same.
"""

import logging
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from fastapi import HTTPException, Request

from hauberk.protocols.malformed import visible
from hauberk.store import users
from hauberk.web.installation import Installation

_log = logging.getLogger(__name__)
WINDOW = timedelta(minutes=15)
PER_ACCOUNT_AND_ADDRESS = 8
PER_ACCOUNT = 100
PER_ADDRESS = 60
_REMEMBERED = timedelta(days=1)


def address_of(request: Request) -> str:
    """Where a request comes from; of an IPv6 address the network, which is what one customer has (RFC 6177)."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Network((address, 64), strict=False).network_address)
    return str(address)


async def attempt(request: Request, here: Installation, account: str = "") -> None:
    """Count an attempt as failed before it is looked at, so that many at the same moment are counted too. Raises 429 when there were
    too many; `forgive` takes it back."""
    at = here.clock()
    async with here.store.system() as session:
        for key, most in _keys(request, account):
            if await users.failures(session, key, at - WINDOW) >= most:
                _log.warning("too many attempts to sign in: %s", visible(key))
                minutes = int(WINDOW.total_seconds() // 60)
                raise HTTPException(
                    429,
                    f"There were too many attempts to sign in. Wait {minutes} minutes, or use a passkey.",
                    headers={"Retry-After": str(minutes * 60)},
                )
        for key, _ in _keys(request, account):
            await users.note_failure(session, key, at)
        await users.forget_failures(session, at - _REMEMBERED)


def failed(request: Request, account: str) -> None:
    """Write it down, for whoever watches the log."""
    _log.warning("an attempt to sign in as %s from %s failed", visible(account), address_of(request))


async def forgive(request: Request, here: Installation, account: str = "") -> None:
    """Somebody signed in: what failed before for this account from this address is forgotten."""
    async with here.store.system() as session:
        await users.forget_failures(session, here.clock(), key=_keys(request, account)[0][0])


def _keys(request: Request, account: str) -> list[tuple[str, int]]:
    address = address_of(request)
    if not account:
        return [(f"address {address}", PER_ADDRESS)]
    return [
        (f"account {account} from {address}", PER_ACCOUNT_AND_ADDRESS),
        (f"address {address}", PER_ADDRESS),
        (f"account {account}", PER_ACCOUNT),
    ]
