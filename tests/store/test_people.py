"""Users, sign-in, members, tokens, share links, channels and alerts."""

import asyncio

import pytest
from sqlalchemy import text

from hauberk.store import alerts, ceremonies, channels, closing, domains, members, passkeys, sessions, shares, tenants, tokens, users
from hauberk.store.errors import Fault, StoreError
from hauberk.store.members import Role
from store.samples import DAY, NOW, new_tenant, opened


def test_a_user_is_known_by_an_address_in_any_case_and_by_an_identity(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.system() as system:
            ada = await users.add(system, "Ada@Example.com ", "Ada", NOW, password_hash="$argon2id$")
            bob = await users.add(system, "bob@example.com", "Bob", NOW)
            assert await users.by_email(system, "ADA@example.com") == ada
            with pytest.raises(StoreError) as taken:
                await users.add(system, "ada@example.com", "Eve", NOW)
            assert taken.value.fault is Fault.CONFLICT
            await users.link_identity(system, ada.id, "https://idp.example", "42", NOW)
            await users.link_identity(system, ada.id, "https://idp.example", "42", NOW)
            assert await users.by_identity(system, "https://idp.example", "42") == ada
            with pytest.raises(StoreError):
                await users.link_identity(system, bob.id, "https://idp.example", "42", NOW)
            assert await users.count(system) == 2

    asyncio.run(scenario())


def test_a_session_ends_with_time_a_new_password_or_the_user(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.system() as system:
            ada = await users.add(system, "ada@example.com", "Ada", NOW)
            secret = await sessions.begin(system, ada.id, None, NOW, NOW + DAY)
            found = await sessions.find(system, secret, NOW)
            assert found is not None
            assert found.user_id == ada.id
            assert await sessions.find(system, secret, NOW + DAY) is None
            assert await sessions.find(system, secret + "x", NOW) is None
            await sessions.seen(system, secret, NOW, NOW + 2 * DAY)
            assert await sessions.find(system, secret, NOW + DAY) is not None
            await users.set_password(system, ada.id, "$argon2id$new")
            assert await sessions.find(system, secret, NOW) is None
            another = await sessions.begin(system, ada.id, None, NOW, NOW + DAY)
            bob = await users.add(system, "bob@example.com", "Bob", NOW)
            await closing.close(system, ada, bob, NOW)
            assert await sessions.find(system, another, NOW) is None
            await sessions.begin(system, ada.id, None, NOW, NOW + DAY)
            assert await sessions.forget_expired(system, NOW + DAY) == 1

    asyncio.run(scenario())


def test_secrets_are_not_in_the_database(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.system() as system:
                ada = await users.add(system, "ada@example.com", "Ada", NOW)
                told = [await sessions.begin(system, ada.id, tenant, NOW, NOW + DAY)]
            async with store.tenant(tenant) as session:
                told.append((await tokens.issue(session, "ci", "scan", "ada", NOW))[1])
                told.append((await shares.create(session, "auditor", "ada", NOW, NOW + DAY))[1])
                told.append((await members.invite(session, "bob@example.com", Role.AUDITOR, NOW, NOW + DAY))[1])
            async with store.system() as system:
                names = ("sessions", "tokens", "shares", "invitations")
                kept = [repr(await system.rows(text(f"SELECT * FROM {name}"))) for name in names]
            assert all(len(secret) >= 43 and secret not in str(kept) for secret in told)

    asyncio.run(scenario())


def test_failed_sign_ins_are_counted_and_forgotten(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.system() as system:
            for minute in range(5):
                await users.note_failure(system, "192.0.2.1", NOW + minute * DAY)
            assert await users.failures(system, "192.0.2.1", NOW + 2 * DAY) == 3
            assert await users.failures(system, "192.0.2.2", NOW) == 0
            await users.forget_failures(system, NOW + DAY)
            assert await users.failures(system, "192.0.2.1", NOW) == 4
            await users.forget_failures(system, NOW, key="192.0.2.1")
            assert await users.failures(system, "192.0.2.1", NOW) == 0

    asyncio.run(scenario())


def test_an_invitation_is_good_once_and_for_a_while(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                invitation, secret = await members.invite(session, "Bob@example.com", Role.MEMBER, NOW, NOW + DAY)
            async with store.system() as system:
                assert await members.accept(system, secret, NOW + DAY) is None
                accepted = await members.accept(system, secret, NOW)
                assert accepted is not None
                assert (accepted.id, accepted.tenant_id, accepted.email, accepted.role) == (
                    invitation.id,
                    tenant,
                    "bob@example.com",
                    Role.MEMBER,
                )
                assert await members.accept(system, secret, NOW) is None
                bob = await users.add(system, accepted.email, "Bob", NOW)
                await members.enrol(system, tenant, bob.id, accepted.role, NOW)
                await members.enrol(system, tenant, bob.id, Role.ADMINISTRATOR, NOW)
                (membership,) = await members.of_user(system, bob.id)
                assert (membership.tenant_id, membership.role) == (tenant, Role.ADMINISTRATOR)
            async with store.tenant(tenant) as session:
                await members.change_role(session, bob.id, Role.AUDITOR)
                (member,) = await members.all_members(session)
                assert (member.email, member.role) == ("bob@example.com", Role.AUDITOR)
                await members.leave(session, bob.id)
                assert await members.all_members(session) == ()

    asyncio.run(scenario())


def test_passkeys_belong_to_one_user(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.system() as system:
            ada = await users.add(system, "ada@example.com", "Ada", NOW)
            bob = await users.add(system, "bob@example.com", "Bob", NOW)
            key = await passkeys.add(system, ada.id, b"\x00id", b"cose", "phone", NOW)
            with pytest.raises(StoreError):
                await passkeys.add(system, bob.id, b"\x00id", b"cose", "phone", NOW)
            await passkeys.used(system, key.id, 7, NOW + DAY)
            found = await passkeys.by_credential(system, b"\x00id")
            assert found is not None
            assert (found.user_id, found.sign_count, found.used_at) == (ada.id, 7, NOW + DAY)
            with pytest.raises(StoreError):
                await passkeys.remove(system, bob.id, key.id)
            await passkeys.remove(system, ada.id, key.id)
            assert await passkeys.of_user(system, ada.id) == ()

    asyncio.run(scenario())


def test_a_token_of_a_tenant_out_of_service_holds_no_more(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                _, secret = await tokens.issue(session, "ci", "read", "ada", NOW)
            async with store.system() as system:
                assert await tokens.find(system, secret, NOW) is not None
                await tenants.archive(system, tenant, NOW)
                assert await tokens.find(system, secret, NOW) is None

    asyncio.run(scenario())


def test_tokens_and_shares_hold_until_revoked_or_expired(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                lasting, first = await tokens.issue(session, "ci", "scan read", "ada", NOW)
                _, second = await tokens.issue(session, "short", "read", "ada", NOW, expires_at=NOW + DAY)
                share, third = await shares.create(session, "auditor", "ada", NOW, NOW + DAY)
            async with store.system() as system:
                assert await tokens.find(system, first, NOW + 900 * DAY) == lasting
                assert await tokens.find(system, second, NOW) is not None
                assert await tokens.find(system, second, NOW + DAY) is None
                assert await shares.find(system, third, NOW) == share
                assert await shares.find(system, third, NOW + DAY) is None
                await tokens.used(system, lasting.id, NOW)
            async with store.tenant(tenant) as session:
                await tokens.revoke(session, lasting.id, NOW)
                await shares.revoke(session, share.id, NOW)
            async with store.system() as system:
                assert await tokens.find(system, first, NOW) is None
                assert await shares.find(system, third, NOW) is None

    asyncio.run(scenario())


def test_an_alert_is_raised_once_and_told_to_who_wants_it_unless_silenced(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            domain = await domains.add(session, "example.com", NOW)
            mail = await channels.add(session, channels.Kind.EMAIL, "ada@example.com", NOW)
            await channels.add(session, channels.Kind.WEBHOOK, "https://hook.example/", NOW, secret="s", events="certificate evidence")
            gone = await channels.add(session, channels.Kind.EMAIL, "gone@example.com", NOW)
            await channels.disable(session, gone.id, NOW)
            alert = await alerts.raise_alert(session, domain.id, "band", "band:7", "green to red", NOW)
            assert alert is not None
            assert await alerts.raise_alert(session, domain.id, "band", "band:7", "green to red", NOW) is None
            (delivery,) = await alerts.undelivered(session)
            assert (delivery.alert_id, delivery.channel_id) == (alert.id, mail.id)
            await alerts.not_delivered(session, delivery.id, "connection refused")
            (again,) = await alerts.undelivered(session)
            assert (again.attempts, again.last_error) == (1, "connection refused")
            await alerts.delivered(session, delivery.id, NOW)
            silence = await alerts.silence(session, NOW, NOW + DAY, "move", "ada")
            assert await alerts.raise_alert(session, domain.id, "band", "band:8", "worse", NOW) is not None
            assert await alerts.undelivered(session) == ()
            await alerts.end_silence(session, silence.id, NOW)
            assert not await alerts.is_silenced(session, domain.id, NOW)
            await alerts.resolve(session, alert.id, NOW)
            assert [one.fingerprint for one in await alerts.page(session)] == ["band:8", "band:7"]

    asyncio.run(scenario())


def test_tenants_have_names_logos_and_an_end(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store, "acme")
            async with store.tenant(tenant) as session:
                await tenants.rename(session, "株式会社 鎧")
                await tenants.use_rubric(session, "cyber-essentials-like")
                await tenants.set_logo(session, tenants.Logo("image/png", b"\x89PNG"))
                assert await tenants.logo(session) == tenants.Logo("image/png", b"\x89PNG")
                await tenants.set_logo(session, None)
                assert await tenants.logo(session) is None
                assert (await tenants.current(session)).name == "株式会社 鎧"
            async with store.system() as system:
                with pytest.raises(StoreError):
                    await tenants.add(system, "acme", "Other", NOW)
                await tenants.archive(system, tenant, NOW)
                (found,) = await tenants.all_tenants(system)
                assert (found.archived_at, found.rubric) == (NOW, "cyber-essentials-like")
                assert await tenants.by_slug(system, "acme") == found
            async with store.tenant(999) as session:
                with pytest.raises(StoreError):
                    await tenants.current(session)

    asyncio.run(scenario())


def test_a_ceremony_is_ended_once_and_in_time_and_by_its_own_kind(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.system() as system:
            secret = await ceremonies.begin(system, ceremonies.Kind.OPENID, "nonce", NOW, NOW + DAY)
            late = await ceremonies.begin(system, ceremonies.Kind.SET_UP, "", NOW, NOW + DAY)
            assert await ceremonies.find(system, ceremonies.Kind.OPENID, secret, NOW) == "nonce"
            assert await ceremonies.end(system, ceremonies.Kind.SET_UP, secret, NOW) is None
            assert await ceremonies.end(system, ceremonies.Kind.OPENID, secret, NOW + DAY) is None
            assert await ceremonies.end(system, ceremonies.Kind.OPENID, secret, NOW) == "nonce"
            assert await ceremonies.end(system, ceremonies.Kind.OPENID, secret, NOW) is None
            await ceremonies.end_all(system, ceremonies.Kind.SET_UP)
            assert await ceremonies.find(system, ceremonies.Kind.SET_UP, late, NOW) is None

    asyncio.run(scenario())


def test_a_user_sees_and_ends_own_sessions_only(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.system() as system:
            ada = await users.add(system, "ada@example.com", "Ada", NOW)
            bob = await users.add(system, "bob@example.com", "Bob", NOW)
            await sessions.begin(system, ada.id, None, NOW, NOW + DAY)
            (found,) = await sessions.of_user(system, ada.id, NOW)
            assert await sessions.of_user(system, ada.id, NOW + DAY) == ()
            with pytest.raises(StoreError):
                await sessions.end_one(system, bob.id, found.digest)
            await sessions.end_one(system, ada.id, found.digest)
            assert await sessions.of_user(system, ada.id, NOW) == ()

    asyncio.run(scenario())


def test_the_tenants_of_a_user_are_those_in_service_where_he_is_a_member(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            acme, other, closed = [await new_tenant(store, slug) for slug in ("acme", "other", "closed")]
            async with store.system() as system:
                ada = await users.add(system, "ada@example.com", "Ada", NOW)
                for tenant in (acme, closed):
                    await members.enrol(system, tenant, ada.id, Role.MEMBER, NOW)
                await tenants.archive(system, closed, NOW)
                await members.enrol(system, other, ada.id, Role.AUDITOR, NOW)
                seats = await members.seats_of(system, ada.id)
                found = [(seat.tenant.id, seat.role, seat.founding) for seat in seats]
                assert found == [(acme, Role.MEMBER, True), (other, Role.AUDITOR, False)]

    asyncio.run(scenario())
