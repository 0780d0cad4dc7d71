"""From scans to alerts, with the store in between: once each, confirmed, resolved, silenced, and still known after a restart."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from app.work.kit import GOOD, START, Office, office
from hauberk.app.work import ordering
from hauberk.app.work.planning import Rhythm, watch
from hauberk.lab.casebook import Certificate, Smtp
from hauberk.store import alerts, assessments, exceptions, jobs, scans, schedule, tenants
from hauberk.store.alerts import Alert
from hauberk.store.errors import StoreError
from hauberk.store.exceptions import Request
from hauberk.store.jobs import State
from hauberk.store.verification import verify_chain

BAD = GOOD.replace("v=spf1 mx -all", "v=spf1 mx +all")
# What does not depend on the database is shown on one.
only_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


async def _scan(one: Office, by: timedelta = timedelta()) -> None:
    one.clock.advance(by)
    await ordering.order_scan(one.store, one.tenant, one.domain_id, "ada", one.clock())
    await one.work_off()


async def _alerts(one: Office) -> list[Alert]:
    async with one.store.tenant(one.tenant, writing=False) as session:
        return list(reversed(await alerts.page(session)))


def _told(found: list[Alert]) -> list[str]:
    return [alert.event for alert in found]


def test_a_regression_is_looked_at_again_before_it_is_told_and_told_once(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            await _scan(one)
            one.place.change(records=BAD)
            await _scan(one, DAY)
            assert await _alerts(one) == []
            one.clock.advance(9 * MINUTE)
            await one.work_off()
            assert await _alerts(one) == []
            one.clock.advance(MINUTE)
            await one.work_off()
            found = await _alerts(one)
            assert _told(found) == ["band-changed", "new-red-flag", "new-red-flag"]
            assert "spf.restrictive fails" in "".join(alert.message for alert in found)
            for _ in range(2):
                await _scan(one, DAY)
            assert await _alerts(one) == found
            one.place.change(records=GOOD)
            await _scan(one, DAY)
            after = await _alerts(one)
            assert _told(after[3:]) == ["band-changed", "recovered", "recovered"]
            assert all(alert.resolved_at == one.clock() for alert in after)

    asyncio.run(scenario())


@only_sqlite
def test_a_slip_is_not_told(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            await _scan(one)
            one.place.change(records=BAD)
            await _scan(one, DAY)
            one.place.change(records=GOOD)
            one.clock.advance(10 * MINUTE)
            await one.work_off()
            await _scan(one, DAY)
            assert await _alerts(one) == []
            async with one.store.tenant(one.tenant, writing=False) as session:
                assert len(await scans.history(session, one.domain_id)) == 4

    asyncio.run(scenario())


@only_sqlite
def test_an_accepted_risk_wakes_nobody(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            await _scan(one)
            async with one.store.tenant(one.tenant) as session:
                for check in ("spf.restrictive", "spf.address-space"):
                    await exceptions.grant(session, Request(one.domain_id, check, "until May", "Ada", START + 90 * DAY), START)
            one.place.change(records=BAD)
            await _scan(one, DAY)
            await _scan(one, DAY)
            assert "new-red-flag" not in _told(await _alerts(one))

    asyncio.run(scenario())


@only_sqlite
def test_a_domain_that_went_away_is_one_alert_and_comes_back(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            await _scan(one)
            one.place.change(smtp=(Smtp("mx.example.com", preset="refused"),))
            await _scan(one, DAY)
            await _scan(one, MINUTE)
            found = [alert for alert in await _alerts(one) if alert.event != "band-changed"]
            assert _told(found) == ["domain-unreachable"]
            one.place.change(smtp=())
            await _scan(one, DAY)
            assert (await _alerts(one))[-1].message == "example.com can be reached again"

    asyncio.run(scenario())


@only_sqlite
def test_a_scanner_without_a_network_cries_no_wolf(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            await _scan(one)
            everything = tuple(f"{name} {kind}" for name in ("example.com", "_dmarc.example.com") for kind in ("MX", "TXT", "A", "AAAA"))
            one.place.change(silent=everything)
            for _ in range(3):
                await _scan(one, DAY)
            assert await _alerts(one) == []

    asyncio.run(scenario())


@only_sqlite
def test_certificates_are_told_of_at_30_7_and_1_days_each_once_and_renewal_ends_it(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.place.change(smtp=(Smtp("mx.example.com", certificate=Certificate(days_left=60)),))
            for days in (0, 29, 2, 2, 20, 1, 5, 1, 1):  # 60, 31, 29, 27, 7, 6, 1, 0 and -1 days left
                await _scan(one, days * DAY)
            told = [alert.message for alert in await _alerts(one) if alert.event == "certificate-expiring"]
            assert [text.partition("mx.example.com ")[2].partition(", at")[0] for text in told[:3]] == [
                "ends in 29 days", "ends in 7 days", "ends in 1 day",
            ]  # fmt: skip
            assert len(told) == 4 and "expired at" in told[3]
            one.place.change(smtp=(Smtp("mx.example.com", certificate=Certificate(days_left=150)),))
            await _scan(one, DAY)
            last = [alert for alert in await _alerts(one) if alert.event in ("certificate-expiring", "recovered")]
            assert "shows another certificate" in last[-1].message
            assert all(alert.resolved_at is not None for alert in last)

    asyncio.run(scenario())


def test_between_scans_old_evidence_is_told_of_and_a_certificate_looked_at_again(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.place.change(smtp=(Smtp("mx.example.com", certificate=Certificate(days_left=40)),))
            await _scan(one)
            one.clock.advance(11 * DAY)
            await one.work_off()  # the round orders another look, which tells
            assert _told(await _alerts(one)) == ["certificate-expiring"]
            async with one.store.tenant(one.tenant, writing=False) as session:
                assert len(await scans.history(session, one.domain_id)) == 2
            for days in (59, 1, 23, 30):
                one.clock.advance(days * DAY)
                await one.work_off()
            told = [alert.message for alert in await _alerts(one) if alert.event == "evidence-expiring"]
            assert not told  # each look at the certificate was a scan, so the evidence never grew old

    asyncio.run(scenario())


@only_sqlite
def test_evidence_that_grows_old_is_told_of_at_30_7_and_1_days(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.place.change(smtp=(Smtp("mx.example.com", certificate=Certificate(days_left=4000)),))
            await _scan(one)
            for days in (59, 1, 10, 13, 5, 1, 1, 1):
                one.clock.advance(days * DAY)
                await one.work_off()
            told = [alert.message for alert in await _alerts(one)]
            assert [text.partition("the evidence is ")[2].partition(";")[0] for text in told] == [
                "too old in 30 days", "too old in 7 days", "too old in 1 day", "more than 90 days old",
            ]  # fmt: skip
            await _scan(one)
            assert all(alert.resolved_at is not None for alert in await _alerts(one))

    asyncio.run(scenario())


def test_what_is_due_is_scanned_and_a_restart_doubles_nothing(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            async with one.store.tenant(one.tenant) as session:
                planned = await watch(session, one.domain_id, Rhythm.DAILY, one.clock())
            assert one.clock() < planned.next_due <= one.clock() + DAY
            assert Rhythm.of(timedelta(seconds=planned.every)) is Rhythm.DAILY
            one.clock.at = planned.next_due
            for _ in range(3):
                await one.work_off()  # each a new worker
            one.clock.advance(5 * DAY)  # nobody was at work for days: made up for once
            for _ in range(2):
                await one.work_off()
            async with one.store.tenant(one.tenant, writing=False) as session:
                assert len(await scans.history(session, one.domain_id)) == 2
                (again,) = await schedule.of_tenant(session)
            assert again.next_due == planned.next_due + 6 * DAY

    asyncio.run(scenario())


@only_sqlite
def test_old_tapes_are_judged_by_another_rubric_and_nothing_that_was_kept_is_touched(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            for _ in range(3):
                await _scan(one, DAY)
            async with one.store.tenant(one.tenant, writing=False) as session:
                before = await assessments.history(session, one.domain_id, one.clock())
            for _ in range(2):
                async with one.store.tenant(one.tenant) as session:
                    job = await ordering.use_rubric(session, "internet-nl-like", one.clock())
                await one.work_off()
                assert (await one.job(job.id)).state is State.DONE
            async with one.store.tenant(one.tenant, writing=False) as session:
                after = await assessments.history(session, one.domain_id, one.clock())
                assert set(before) <= set(after)
                assert len(after) == 6
                scored_by = (await tenants.current(session)).scored_by
                assert len(await assessments.history(session, one.domain_id, one.clock(), rubric=scored_by)) == 3
                assert (await verify_chain(session)).holds
            await _scan(one, DAY)
            async with one.store.tenant(one.tenant, writing=False) as session:
                latest = await assessments.latest(session, one.domain_id, one.clock())
            assert latest is not None and latest.rubric == scored_by
            with pytest.raises(StoreError, match="the rubrics are"):
                async with one.store.tenant(one.tenant) as session:
                    await ordering.use_rubric(session, "../../etc/passwd", one.clock())

    asyncio.run(scenario())


@only_sqlite
def test_ended_jobs_are_forgotten_after_a_month(url: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with office(url, tmp_path) as one:
            one.place.change(smtp=(Smtp("mx.example.com", certificate=Certificate(days_left=4000)),))
            await _scan(one)
            one.clock.advance(31 * DAY)
            await one.work_off()
            async with one.store.tenant(one.tenant, writing=False) as session:
                left = await jobs.recent(session)
            assert {job.kind for job in left} == {"watch", "digest"}

    asyncio.run(scenario())
