"""One tenant never sees or changes another's rows: by every function of the repository, and on PostgreSQL by raw SQL too."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from inspect import getmembers, iscoroutinefunction, signature
from types import ModuleType

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from hauberk.store import (
    alerts,
    assessments,
    attachments,
    chain,
    channels,
    domains,
    exceptions,
    jobs,
    members,
    reports,
    scans,
    schedule,
    shares,
    tables,
    tenants,
    tokens,
    users,
    verification,
)
from hauberk.store import overview as overviews
from hauberk.store.channels import Channel
from hauberk.store.columns import METADATA
from hauberk.store.errors import Fault, StoreError
from hauberk.store.session import TenantSession
from hauberk.store.store import Store
from store.samples import DAY, NOW, Kept, assessment, keep_one_of_each, new_tenant, observation, opened

REPOSITORIES = (alerts, assessments, attachments, chain, channels, domains, exceptions, jobs, members, overviews, reports, scans, schedule,
    shares, tenants, tokens, verification)  # fmt: skip


@dataclass(frozen=True)
class Theirs:
    """Ids of everything that the other tenant has."""

    kept: Kept
    job: jobs.Job
    channel: Channel
    alert: alerts.Alert
    delivery: alerts.Delivery
    silence: alerts.Silence
    invitation: members.Invitation
    token: tokens.Token
    share: shares.Share
    user: users.User


async def everything(store: Store, tenant: int, email: str) -> Theirs:
    async with store.system() as system:
        user = await users.add(system, email, "Ada", NOW)
        await members.enrol(system, tenant, user.id, members.Role.ADMINISTRATOR, NOW)
    async with store.tenant(tenant) as session:
        kept = await keep_one_of_each(session)
        job = await jobs.enqueue(session, jobs.Order("scan", "key", b"example.com"), NOW, NOW)
        channel = await channels.add(session, channels.Kind.EMAIL, email, NOW)
        alert = await alerts.raise_alert(session, kept.domain_id, "band", "band:1", "worse", NOW)
        assert alert is not None
        (delivery,) = await alerts.undelivered(session)
        silence = await alerts.silence(session, NOW, NOW + DAY, "move", "ada", domain_id=kept.domain_id)
        invitation, _ = await members.invite(session, "bob@example.com", members.Role.AUDITOR, NOW, NOW + DAY)
        token, _ = await tokens.issue(session, "ci", "scan", "ada", NOW)
        share, _ = await shares.create(session, "auditor", "ada", NOW, NOW + DAY, domain_id=kept.domain_id)
        await schedule.plan(session, kept.domain_id, timedelta(days=7), NOW)
        await schedule.set_default(session, timedelta(days=7))
        await tenants.set_logo(session, tenants.Logo("image/png", b"PNG"))
    return Theirs(kept, job, channel, alert, delivery, silence, invitation, token, share, user)


Call = Callable[[TenantSession, Theirs], Awaitable[object]]

# What comes of asking for another tenant's row: nothing, or `StoreError` (missing).
CROSSINGS: dict[str, Call] = {
    "alerts.by_id": lambda s, t: alerts.by_id(s, t.alert.id),
    "alerts.delivered": lambda s, t: alerts.delivered(s, t.delivery.id, NOW),
    "alerts.not_delivered": lambda s, t: alerts.not_delivered(s, t.delivery.id, "no"),
    "alerts.end_silence": lambda s, t: alerts.end_silence(s, t.silence.id, NOW),
    "alerts.is_silenced": lambda s, t: alerts.is_silenced(s, t.kept.domain_id, NOW),
    "alerts.deliveries_of": lambda s, t: alerts.deliveries_of(s, t.alert.id),
    "alerts.open_of": lambda s, t: alerts.open_of(s, t.kept.domain_id),
    "alerts.page": lambda s, t: alerts.page(s, domain_id=t.kept.domain_id),
    "alerts.raise_alert": lambda s, t: alerts.raise_alert(s, t.kept.domain_id, "band", "x", "x", NOW),
    "alerts.resolve": lambda s, t: alerts.resolve(s, t.alert.id, NOW),
    "alerts.silence": lambda s, t: alerts.silence(s, NOW, NOW + DAY, "x", "x", domain_id=t.kept.domain_id),
    "alerts.silences_of": lambda s, t: alerts.silences_of(s),
    "alerts.to_deliver": lambda s, t: alerts.to_deliver(s, (t.delivery.id,)),
    "alerts.undelivered": lambda s, t: alerts.undelivered(s),
    "assessments.add": lambda s, t: assessments.add(s, t.kept.scan.id, assessment(observation()), NOW),
    "assessments.by_id": lambda s, t: assessments.by_id(s, t.kept.assessed.id),
    "assessments.content": lambda s, t: assessments.content(s, t.kept.assessed.id),
    "assessments.document": lambda s, t: assessments.document(s, t.kept.assessed.id),
    "assessments.history": lambda s, t: assessments.history(s, t.kept.domain_id, NOW + DAY),
    "assessments.latest": lambda s, t: assessments.latest(s, t.kept.domain_id, NOW + DAY),
    "assessments.of_scan": lambda s, t: assessments.of_scan(s, t.kept.scan.id),
    "attachments.add": lambda s, t: attachments.add(s, t.kept.domain_id, attachments.Upload("x", "x", "x", b"x"), "x", NOW),
    "attachments.by_id": lambda s, t: attachments.by_id(s, t.kept.attachment.id),
    "attachments.content": lambda s, t: attachments.content(s, t.kept.attachment.id),
    "attachments.of_domain": lambda s, t: attachments.of_domain(s, t.kept.domain_id),
    "chain.links": lambda s, t: chain.links(s),
    "channels.all_channels": lambda s, t: channels.all_channels(s),
    "channels.by_id": lambda s, t: channels.by_id(s, t.channel.id),
    "channels.disable": lambda s, t: channels.disable(s, t.channel.id, NOW),
    "domains.by_id": lambda s, t: domains.by_id(s, t.kept.domain_id),
    "domains.by_name": lambda s, t: domains.by_name(s, "example.com"),
    "domains.describe": lambda s, t: domains.describe(s, t.kept.domain_id, note="x", own=True, selectors=""),
    "domains.looked_after": lambda s, t: domains.looked_after(s, [t.kept.domain_id]),
    "domains.names_of": lambda s, t: domains.names_of(s, [t.kept.domain_id]),
    "domains.removed": lambda s, t: domains.removed(s),
    "domains.page": lambda s, t: domains.page(s, removed=True),
    "domains.remove": lambda s, t: domains.remove(s, t.kept.domain_id, NOW),
    "exceptions.by_id": lambda s, t: exceptions.by_id(s, t.kept.exemption.id),
    "exceptions.grant": lambda s, t: exceptions.grant(s, exceptions.Request(t.kept.domain_id, "x", "x", "x", NOW + DAY), NOW),
    "exceptions.of_domain": lambda s, t: exceptions.of_domain(s, t.kept.domain_id),
    "exceptions.revoke": lambda s, t: exceptions.revoke(s, t.kept.exemption.id, "x", NOW),
    "jobs.amend": lambda s, t: jobs.amend(s, t.job, b"mine"),
    "jobs.by_id": lambda s, t: jobs.by_id(s, t.job.id),
    "jobs.by_key": lambda s, t: jobs.by_key(s, t.job.key),
    "jobs.cancel": lambda s, t: jobs.cancel(s, t.job.id, NOW),
    "jobs.hasten": lambda s, t: jobs.hasten(s, t.job.id, 99, NOW),
    "jobs.open_of": lambda s, t: jobs.open_of(s, t.job.kind),
    "jobs.open_with": lambda s, t: jobs.open_with(s, t.job.kind, t.job.payload),
    "jobs.payloads_of": lambda s, t: jobs.payloads_of(s, t.job.kind),
    "jobs.under_way": lambda s, t: jobs.under_way(s, t.job.kind, NOW),
    "jobs.recent": lambda s, t: jobs.recent(s),
    "members.all_members": lambda s, t: members.all_members(s),
    "members.change_role": lambda s, t: members.change_role(s, t.user.id, members.Role.AUDITOR),
    "members.invited": lambda s, t: members.invited(s),
    "members.leave": lambda s, t: members.leave(s, t.user.id),
    "members.withdraw": lambda s, t: members.withdraw(s, t.invitation.id),
    "overview.overview": lambda s, t: overviews.overview(s, NOW + DAY),
    "overview.trends": lambda s, t: overviews.trends(s, [t.kept.domain_id], NOW - DAY, NOW + DAY),
    "reports.by_id": lambda s, t: reports.by_id(s, t.kept.report.id),
    "reports.content": lambda s, t: reports.content(s, t.kept.report.id),
    "reports.issue": lambda s, t: reports.issue(s, t.kept.assessed.id, reports.Rendered("x", "pdf", b"x"), "x", NOW),
    "reports.page": lambda s, t: reports.page(s, domain_id=t.kept.domain_id),
    "scans.by_id": lambda s, t: scans.by_id(s, t.kept.scan.id),
    "scans.by_key": lambda s, t: scans.by_key(s, t.kept.scan.key),
    "scans.history": lambda s, t: scans.history(s, t.kept.domain_id),
    "scans.observation_of": lambda s, t: scans.observation_of(s, t.kept.scan.id),
    "scans.store": lambda s, t: scans.store(s, observation(), NOW),
    "scans.tape_of": lambda s, t: scans.tape_of(s, t.kept.scan.id),
    "schedule.of_domain": lambda s, t: schedule.of_domain(s, t.kept.domain_id),
    "schedule.of_tenant": lambda s, t: schedule.of_tenant(s),
    "schedule.default": lambda s, t: schedule.default(s),
    "schedule.plan_many": lambda s, t: schedule.plan_many(s, {t.kept.domain_id: NOW}, DAY),
    "schedule.plan": lambda s, t: schedule.plan(s, t.kept.domain_id, DAY, NOW),
    "schedule.stop": lambda s, t: schedule.stop(s, t.kept.domain_id),
    "shares.all_shares": lambda s, t: shares.all_shares(s),
    "shares.create": lambda s, t: shares.create(s, "x", "x", NOW, NOW + DAY, domain_id=t.kept.domain_id),
    "shares.revoke": lambda s, t: shares.revoke(s, t.share.id, NOW),
    "tenants.logo": lambda s, t: tenants.logo(s),
    "tokens.all_tokens": lambda s, t: tokens.all_tokens(s),
    "tokens.revoke": lambda s, t: tokens.revoke(s, t.token.id, NOW),
}
# These take nothing by which another tenant's row could be named, and write or read the session's own tenant by definition.
OWN_ONLY = {
    "chain.append",
    "chain.head",
    "chain.hold",
    "channels.add",
    "domains.add",
    "domains.add_all",
    "jobs.enqueue",
    "jobs.enqueue_all",
    "members.invite",
    "schedule.set_default",
    "tenants.current",
    "tenants.rename",
    "tenants.set_logo",
    "tenants.use_rubric",
    "tokens.issue",
    "verification.verify_chain",
}
# A job that was claimed from another tenant is shown refused in its own test.
ELSEWHERE = {"jobs.finish"}


def _functions(module: ModuleType) -> set[str]:
    room = module.__name__.rpartition(".")[2]
    return {
        f"{room}.{name}"
        for name, found in getmembers(module, iscoroutinefunction)
        if found.__module__ == module.__name__
        and not name.startswith("_")
        and "TenantSession" in str(next(iter(signature(found).parameters.values())).annotation)
    }


def test_every_function_that_takes_a_tenant_is_tried() -> None:
    found = set[str]().union(*(_functions(module) for module in REPOSITORIES))
    assert found == set(CROSSINGS) | OWN_ONLY | ELSEWHERE


def test_no_function_shows_or_changes_another_tenants_rows(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            victim, other = await new_tenant(store, "victim"), await new_tenant(store, "other")
            theirs = await everything(store, victim, "ada@example.com")
            before = await _dump(store)
            for name, call in CROSSINGS.items():
                async with store.tenant(other) as session:
                    try:
                        assert await call(session, theirs) in (None, (), False, {}, frozenset()), name
                    except StoreError as refused:
                        assert refused.fault is Fault.MISSING, (name, refused)
            assert await _dump(store) == before

    asyncio.run(scenario())


def test_a_job_of_another_tenant_cannot_be_finished(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            victim, other = await new_tenant(store, "victim"), await new_tenant(store, "other")
            await everything(store, victim, "ada@example.com")
            async with store.system() as system:
                (job,) = await jobs.claim(system, "w", NOW, timedelta(minutes=5))
            with pytest.raises(StoreError):
                async with store.tenant(other) as session:
                    await jobs.finish(session, job, "mine", NOW)

    asyncio.run(scenario())


async def _dump(store: Store) -> dict[str, list[str]]:
    async with store.system(writing=False) as system:
        return {table.name: sorted(map(repr, await system.rows(table.select()))) for table in METADATA.sorted_tables}


TENANT_TABLES = sorted(table.name for table in METADATA.sorted_tables if "tenant_id" in table.c and table.name != "sessions")
HIDDEN = ("passkeys", "identities", "sessions", "sign_in_failures", "ceremonies", "milestones")


def test_raw_sql_in_a_tenants_session_sees_that_tenant_only(postgresql_url: str) -> None:
    async def scenario() -> None:
        async with opened(postgresql_url) as store:
            victim, other = await new_tenant(store, "victim"), await new_tenant(store, "other")
            await everything(store, victim, "ada@example.com")
            async with store.tenant(other) as session:
                for table in (*TENANT_TABLES, "users"):
                    column = "email" if table == "users" else "tenant_id"
                    assert await session.rows(text(f"SELECT {column} FROM {table}")) == [], table
                assert [row.slug for row in await session.rows(text("SELECT slug FROM tenants"))] == ["other"]
            for table in HIDDEN:
                with pytest.raises(StoreError) as refused:
                    async with store.tenant(other) as session:
                        await session.rows(text(f"SELECT * FROM {table}"))
                assert refused.value.fault is Fault.DENIED, table
            for statement in (
                f"INSERT INTO domains (tenant_id, name, note, own, selectors, added_at) VALUES ({victim}, 'x', '', false, '', now())",
                "SELECT password_hash FROM users",
                "DELETE FROM tapes",
                "UPDATE scans SET key = 'x'",
                "ALTER TABLE domains DISABLE ROW LEVEL SECURITY",
                "TRUNCATE domains CASCADE",
            ):
                with pytest.raises(StoreError) as refused:
                    async with store.tenant(other) as session:
                        await session.run(text(statement))
                assert refused.value.fault is Fault.DENIED, statement
            async with store.tenant(other) as session:
                assert await session.run(text("UPDATE domains SET note = 'mine'")) == 0
                assert await session.run(text("DELETE FROM tokens")) == 0

    asyncio.run(scenario())


def test_without_a_tenant_even_the_owner_of_the_tables_sees_nothing(postgresql_url: str) -> None:
    async def scenario() -> None:
        async with opened(postgresql_url) as store:
            await everything(store, await new_tenant(store, "victim"), "ada@example.com")
        engine = create_async_engine(postgresql_url.replace("postgresql:", "postgresql+asyncpg:"))
        async with engine.connect() as connection:
            for table in (*TENANT_TABLES, "tenants", "users", "sessions"):
                assert (await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar() == 0, table
        await engine.dispose()

    asyncio.run(scenario())


def test_the_installation_itself_has_no_right_to_change_evidence(postgresql_url: str) -> None:
    async def scenario() -> None:
        async with opened(postgresql_url) as store:
            for table in tables.evidence.IMMUTABLE:
                for statement in (f"DELETE FROM {table.name}", f"UPDATE {table.name} SET tenant_id = 1"):
                    with pytest.raises(StoreError) as refused:
                        async with store.system() as session:
                            await session.run(text(statement))
                    assert refused.value.fault is Fault.DENIED, statement

    asyncio.run(scenario())
