"""Closing an account: what its owner knows or has opens nothing any more, and everybody else's stays as it is."""

import asyncio

import pytest

from hauberk.store import closing, members, passkeys, sessions, shares, tenants, tokens, users
from hauberk.store.errors import Fault, StoreError
from hauberk.store.members import Role
from hauberk.store.session import SystemSession
from hauberk.store.store import Store
from hauberk.store.users import User
from store.samples import DAY, NOW, new_tenant, opened

LATER = NOW + DAY


async def _with_everything(system: SystemSession, email: str) -> tuple[User, str]:
    """A user, with the secret of a session."""
    user = await users.add(system, email, "Ada", NOW, password_hash="$argon2id$")
    await passkeys.add(system, user.id, email.encode(), b"key", "Laptop", NOW)
    await users.link_identity(system, user.id, "https://idp.example", email, NOW)
    return user, await sessions.begin(system, user.id, None, NOW, LATER)


async def _secrets(store: Store, tenant: int, by: str) -> tuple[str, str]:
    """Of a token and a share link that somebody made."""
    async with store.tenant(tenant) as session:
        return (await tokens.issue(session, "ci", "scan", by, NOW))[1], (await shares.create(session, "x", by, NOW, LATER))[1]


def test_nothing_of_a_closed_account_opens_a_door_and_others_keep_theirs(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            first, second = await new_tenant(store), await new_tenant(store, "other")
            async with store.system() as system:
                ada, ada_session = await _with_everything(system, "ada@example.com")
                eve, eve_session = await _with_everything(system, "eve@example.com")
                for user in (ada, eve):
                    await members.enrol(system, first, user.id, Role.ADMINISTRATOR, NOW)
                await members.enrol(system, second, eve.id, Role.MEMBER, NOW)
            by_eve = [await _secrets(store, first, eve.known_as), await _secrets(store, second, "eve@example.com")]
            by_others = [await _secrets(store, first, by) for by in (ada.known_as, "Eve", "xeve@example.com", "y <eve@example.com> <z@x>")]
            invited: list[str] = []
            for tenant in (first, second):
                async with store.tenant(tenant) as session:
                    invited.append((await members.invite(session, "new@example.com", Role.MEMBER, NOW, LATER))[1])
            async with store.system() as system:
                closed = await closing.close(system, eve, ada, NOW)
                assert (closed.tokens, closed.shares, closed.invitations, closed.inherited) == (2, 2, 1, ())
            async with store.system(writing=False) as system:
                for token, share in by_eve:
                    assert await tokens.find(system, token, NOW) is None
                    assert await shares.find(system, share, NOW) is None
                for token, share in by_others:
                    assert await tokens.find(system, token, NOW) is not None
                    assert await shares.find(system, share, NOW) is not None
                assert [await members.pending(system, secret, NOW) is None for secret in invited] == [True, False]
                for user, secret, left in ((eve, eve_session, 0), (ada, ada_session, 1)):
                    assert (await sessions.find(system, secret, NOW) is not None) == bool(left)
                    assert len(await passkeys.of_user(system, user.id)) == left
                    assert len(await members.of_user(system, user.id)) == left
                kept = await users.by_id(system, eve.id)
                assert kept is not None
                assert (kept.password_hash, kept.disabled_at, kept.disabled_by) == ("", NOW, "Ada <ada@example.com>")
                assert await users.by_identity(system, "https://idp.example", eve.email) == kept  # known, and refused

    asyncio.run(scenario())


def test_an_organisation_is_never_left_without_an_administrator(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            lonely, archived, shared = [await new_tenant(store, slug) for slug in ("lonely", "archived", "shared")]
            async with store.system() as system:
                ada, eve, bob = [await users.add(system, f"{name}@example.com", "", NOW) for name in ("ada", "eve", "bob")]
                for tenant in (lonely, archived, shared):
                    await members.enrol(system, tenant, eve.id, Role.ADMINISTRATOR, NOW)
                await members.enrol(system, shared, bob.id, Role.ADMINISTRATOR, NOW)
                await members.enrol(system, lonely, bob.id, Role.MEMBER, NOW)
                await tenants.archive(system, archived, NOW)
                closed = await closing.close(system, eve, ada, NOW)
                assert [one.slug for one in closed.inherited] == ["lonely"]
                assert [(seat.tenant.id, seat.role) for seat in await members.seats_of(system, ada.id)] == [(lonely, Role.ADMINISTRATOR)]

    asyncio.run(scenario())


def test_nobody_closes_the_own_account_or_one_twice(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            async with store.system() as system:
                ada, eve = [await users.add(system, f"{name}@example.com", "", NOW) for name in ("ada", "eve")]
                with pytest.raises(StoreError) as refused:
                    await closing.close(system, ada, ada, NOW)
                assert refused.value.fault is Fault.INVALID

            async def close(user: User, by: User) -> None:
                async with store.system() as system:
                    await closing.close(system, user, by, NOW)

            done = await asyncio.gather(close(ada, eve), close(eve, ada), return_exceptions=True)
            (failed,) = [one for one in done if one is not None]
            assert isinstance(failed, StoreError) and failed.fault is Fault.CONFLICT
            async with store.system(writing=False) as system:
                assert [one.disabled_at is None for one in await users.page(system)].count(True) == 1

    asyncio.run(scenario())


def test_a_closed_account_is_opened_again_as_new_and_an_open_one_is_not(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.system() as system:
            ada, eve = [await users.add(system, f"{name}@example.com", "100% _", NOW) for name in ("ada", "eve")]
            await users.link_identity(system, eve.id, "https://idp.example", "42", NOW)
            await closing.close(system, eve, ada, NOW)
            await users.open_again(system, eve.id, "Eve", "$argon2id$")
            found = await users.by_id(system, eve.id)
            assert found is not None and (found.name, found.disabled_at, found.disabled_by) == ("Eve", None, None)
            assert await users.by_identity(system, "https://idp.example", "42") is None
            with pytest.raises(StoreError):
                await users.open_again(system, eve.id, "Mallory", "$argon2id$")
            assert [one.id for one in await users.page(system, holding="EVE@")] == [eve.id]
            assert [one.id for one in await users.page(system, holding="% _")] == [ada.id]

    asyncio.run(scenario())
