"""Accounts as an administrator changes them: the directory first, then what the servers must know at once."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import URL

from hauberk.protocols.malformed import Malformed
from hauberk.store.errors import Fault, StoreError
from hauberk.system.accounts.account import Account, Alias, State, parse_address
from hauberk.system.accounts.directory import Directory, opened
from hauberk.system.accounts.effects import EffectError, Servers, push, shut_out
from hauberk.system.accounts.passwords import weakness
from hauberk.system.accounts.source import url_of
from hauberk.system.declaration import Declaration
from hauberk.system.places import Places


@dataclass(frozen=True, slots=True)
class Site:
    """Where the directory is, which domains it serves, and which servers hear of changes."""

    directory: URL
    domains: tuple[str, ...]
    forwarding: bool
    servers: Servers


def site(declaration: Declaration, root: str = "") -> Site:
    """From a declaration; below `root` (folders `mta` and `mda` of this machine) or in Debian's places. Raises `StoreError`, `OSError`."""
    mta, mda = (Places.under(f"{root}/mta"), Places.under(f"{root}/mda")) if root else (Places(), Places())
    url = url_of(declaration.accounts, mda)
    servers = Servers("" if root else declaration.mta.reach, mta.recipients, mta.python, f"{mda.dovecot}/dovecot.conf")
    return Site(url, declaration.domains, declaration.policy.forwarding, servers)


class Accounts:
    """Changes by an administrator. Methods raise `StoreError` (nothing was changed) and `EffectError` (changed, a server not told)."""

    def __init__(self, directory: Directory, where: Site, clock: Callable[[], datetime]) -> None:
        self._directory = directory
        self._site = where
        self._clock = clock

    async def add(self, login: str, name: str, password: str | None) -> str:
        """The login as it is kept."""
        kept = self._ours(login)
        _strong(password)
        await self._directory.add(kept, name, password, self._clock())
        await self.push()
        return kept

    async def set_password(self, login: str, password: str) -> None:
        """Sessions that were opened with the old one end."""
        kept = self._ours(login)
        _strong(password)
        await self._directory.set_password(kept, password, self._clock())
        await shut_out(kept, self._site.servers)

    async def set_state(self, login: str, state: State) -> bool:
        """Whoever may no longer log in is out at once, even where the MTA cannot be told; False where the state was that already."""
        kept = self._ours(login)
        changed = await self._directory.set_state(kept, state, self._clock())
        trouble: list[str] = []
        for effect in (self.push(), *(() if state is State.ACTIVE else (shut_out(kept, self._site.servers),))):
            try:
                await effect
            except EffectError as error:
                trouble.append(str(error))
        if trouble:
            raise EffectError("; ".join(trouble))
        return changed

    async def add_alias(self, address: str, target: str, *, outside: bool = False) -> None:
        if outside and not self._site.forwarding:
            raise StoreError(Fault.INVALID, "the declaration does not allow forwarding outside (policy, forwarding = true)")
        await self._directory.add_alias(
            Alias(self._ours(address), _outside(target) if outside else self._ours(target)), self._clock(), outside=outside
        )
        await self.push()

    async def remove_alias(self, address: str, target: str) -> None:
        await self._directory.remove_alias(Alias(self._ours(address), _outside(target)), self._clock())
        await self.push()

    async def add_app_password(self, login: str, label: str) -> str:
        """The app password, which is shown this once."""
        if not label.strip():
            raise StoreError(Fault.INVALID, "an app password has a label: the program or device that it is for")
        return await self._directory.add_app_password(self._ours(login), label.strip(), self._clock())

    async def remove_app_password(self, login: str, label: str) -> None:
        kept = self._ours(login)
        await self._directory.remove_app_password(kept, label.strip(), self._clock())
        await shut_out(kept, self._site.servers)

    async def grant(self, address: str, login: str) -> None:
        await self._directory.grant(self._ours(address), self._ours(login), self._clock())

    async def accounts(self) -> tuple[Account, ...]:
        return await self._directory.accounts()

    async def push(self) -> None:
        await push(await self._directory.recipients(), self._site.servers)

    def _ours(self, text: str) -> str:
        address = _outside(text)
        if address.rpartition("@")[2] not in self._site.domains:
            raise StoreError(Fault.INVALID, f"{address} is not in a declared domain ({', '.join(self._site.domains)})")
        return address


@asynccontextmanager
async def accounts_of(where: Site, clock: Callable[[], datetime]) -> AsyncGenerator[Accounts]:
    async with opened(where.directory) as directory:
        yield Accounts(directory, where, clock)


def _outside(text: str) -> str:
    parsed = parse_address(text)
    if isinstance(parsed, Malformed):
        raise StoreError(Fault.INVALID, f"{text[:120]!r} is no address: {parsed.reason}")
    return parsed


def _strong(password: str | None) -> None:
    if password is not None and (flaw := weakness(password)):
        raise StoreError(Fault.INVALID, flaw)
