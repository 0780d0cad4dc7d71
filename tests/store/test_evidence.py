"""Scans, assessments, reports, attachments and exceptions, on both databases."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from hauberk.model import json
from hauberk.model.verdict import CheckVerdict, Finding, Verdict
from hauberk.store import assessments, attachments, domains, exceptions, reports, scans
from hauberk.store.errors import Fault, StoreError
from hauberk.store.overview import overview, trends
from hauberk.store.standings import standings
from hauberk.store.verification import verify_chain
from store.samples import DAY, NOW, assessment, keep_one_of_each, new_tenant, observation, opened


def test_what_is_kept_comes_back_as_it_was(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                kept = await keep_one_of_each(session)
            async with store.tenant(tenant, writing=False) as session:
                assert await scans.by_id(session, kept.scan.id) == kept.scan
                assert await scans.observation_of(session, kept.scan.id) == observation()
                assert await assessments.by_id(session, kept.assessed.id) == kept.assessed
                assert await assessments.content(session, kept.assessed.id) == assessment(observation())
                assert await reports.by_id(session, kept.report.id) == kept.report
                assert await reports.content(session, kept.report.id) == b"%PDF-1.7"
                assert kept.report.sha256 == hashlib.sha256(b"%PDF-1.7").hexdigest()
                assert await attachments.of_domain(session, kept.domain_id) == (kept.attachment,)
                assert await attachments.content(session, kept.attachment.id) == b"%PDF-1.4"
                assert await exceptions.of_domain(session, kept.domain_id, holding_at=NOW + DAY) == (kept.exemption,)
                assert await exceptions.of_domain(session, kept.domain_id, holding_at=NOW + 90 * DAY) == ()

    asyncio.run(scenario())


def test_the_same_scan_twice_is_one_scan(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                await domains.add(session, "example.com", NOW)
                first = await scans.store(session, observation(), NOW, key="job:1")
                again = await scans.store(session, observation(text="another answer"), NOW + DAY, key="job:1")
                assert (first.new, again.new) == (True, False)
                assert again.scan == first.scan
                assert await assessments.add(session, first.scan.id, assessment(observation()), NOW) == await assessments.add(
                    session, first.scan.id, assessment(observation()), NOW + DAY
                )
                assert (await verify_chain(session)).links == 2

    asyncio.run(scenario())


def test_two_sessions_that_store_the_same_scan_at_once_store_one(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                await domains.add(session, "example.com", NOW)

            async def keep(number: int) -> bool:
                async with store.tenant(tenant) as session:
                    return (await scans.store(session, observation(), NOW + timedelta(seconds=number), key="the one")).new

            assert sum(await asyncio.gather(*(keep(number) for number in range(8)))) == 1
            async with store.tenant(tenant) as session:
                report = await verify_chain(session)
                assert (report.links, report.broken) == (1, None)

    asyncio.run(scenario())


def test_a_new_rubric_leaves_the_old_assessment_as_it_was(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            tenant = await new_tenant(store)
            async with store.tenant(tenant) as session:
                kept = await keep_one_of_each(session)
                tape = await scans.observation_of(session, kept.scan.id)
                assert tape is not None
                newer = await assessments.add(session, kept.scan.id, assessment(tape, 61.0, "hauberk-2027"), NOW + 30 * DAY)
                assert await assessments.of_scan(session, kept.scan.id) == (kept.assessed, newer)
                assert await assessments.latest(session, kept.domain_id, NOW + 31 * DAY) == newer
                assert await assessments.latest(session, kept.domain_id, NOW + 31 * DAY, rubric="hauberk-2026") == kept.assessed
                assert await assessments.content(session, kept.assessed.id) == assessment(observation())

    asyncio.run(scenario())


def test_an_assessment_of_another_tape_is_refused(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            kept = await keep_one_of_each(session)
            with pytest.raises(StoreError) as refused:
                await assessments.add(session, kept.scan.id, assessment(observation(text="other")), NOW)
            assert refused.value.fault is Fault.INVALID

    asyncio.run(scenario())


def test_lone_surrogates_from_the_network_do_not_lose_an_assessment(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            kept = await keep_one_of_each(session)
            odd = CheckVerdict("spf.record", Verdict.WARN, (Finding("example.com", Verdict.WARN, "odd \udcff", ("\ud800",)),))
            judged = replace(assessment(observation()), verdicts=(odd,))
            assessed = await assessments.add(session, kept.scan.id, judged, NOW)
            read = await assessments.content(session, assessed.id)
            assert read is not None
            assert read.verdicts[0].findings[0].message == "odd \\u{dcff}"
            assert await assessments.document(session, assessed.id) == json.encode(judged)  # what is kept is what is printed

    asyncio.run(scenario())


def test_a_scan_from_a_clock_that_ran_ahead_is_not_the_latest_until_then(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            kept = await keep_one_of_each(session)
            ahead = observation(at=NOW + 2000 * DAY)
            scan = await scans.store(session, ahead, NOW)
            later = await assessments.add(session, scan.scan.id, assessment(ahead, 10.0), NOW)
            assert await assessments.latest(session, kept.domain_id, NOW + DAY) == kept.assessed
            assert await assessments.latest(session, kept.domain_id, NOW + 2001 * DAY) == later
            (state,) = await overview(session, NOW + DAY)
            assert (state.assessment_id, state.previous_id) == (kept.assessed.id, None)

    asyncio.run(scenario())


def test_tenants_are_counted_together_by_their_latest_results(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store:
            one, other, empty = [await new_tenant(store, slug) for slug in ("one", "other", "empty")]
            async with store.tenant(one) as session:
                kept = await keep_one_of_each(session)
                later = await scans.store(session, observation(at=NOW + DAY), NOW)
                await assessments.add(session, later.scan.id, assessment(observation(at=NOW + DAY), 10.0), NOW)
                await domains.add(session, "unscanned.example", NOW)
                nobody = await domains.add(session, "nobody.example", NOW)
                silent = observation(nobody.name)
                nothing = assessment(silent, 0.0)
                nothing = replace(nothing, score=replace(nothing.score, coverage=0.0, incomplete=True))
                await assessments.add(session, (await scans.store(session, silent, NOW)).scan.id, nothing, NOW)
                gone = await domains.add(session, "gone.example", NOW)
                await domains.remove(session, gone.id, NOW)
            async with store.tenant(other) as session:
                await keep_one_of_each(session)
            async with store.system(writing=False) as system:
                found = await standings(system, [one, empty], NOW + 2 * DAY)
                earlier = await standings(system, [one], NOW)
        assert set(found) == {one}  # the other was not asked for, and the empty one has no domain
        standing = found[one]
        assert (standing.domains, standing.scanned) == (3, 2)
        assert (standing.lowest, standing.oldest) == (10.0, NOW)
        assert (standing.red, standing.amber, standing.incomplete, standing.green) == (0, 1, 1, 0)
        assert earlier[one].lowest == kept.assessed.points

    asyncio.run(scenario())


def test_the_overview_shows_each_domain_with_its_latest_result_and_the_one_before(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            for name in ("a.example", "b.example", "gone.example"):
                await domains.add(session, name, NOW)
            for day, points in enumerate((50.0, 60.0, 70.0)):
                seen = observation("a.example", NOW + day * DAY)
                scan = await scans.store(session, seen, NOW)
                await assessments.add(session, scan.scan.id, assessment(seen, points), NOW)
            gone = await domains.by_name(session, "gone.example")
            assert gone is not None
            await domains.remove(session, gone.id, NOW)
            first, second = await overview(session, NOW + 9 * DAY)
            assert (first.name, first.points, first.previous_points, first.observed_at) == ("a.example", 70.0, 60.0, NOW + 2 * DAY)
            assert (second.name, second.points, second.assessment_id) == ("b.example", None, None)
            assert [state.name for state in await overview(session, NOW, after="a.example")] == ["b.example"]
            trend = await assessments.history(session, first.domain_id, NOW + 9 * DAY, limit=2)
            assert [one.points for one in trend] == [70.0, 60.0]
            rest = await assessments.history(session, first.domain_id, NOW + 9 * DAY, before=trend[-1])
            assert [one.points for one in rest] == [50.0]
            assert await domains.names_of(session, [first.domain_id, gone.id, 999]) == {
                first.domain_id: "a.example",
                gone.id: "gone.example",
            }
            newest, middle, oldest = await scans.history(session, first.domain_id)
            assert await scans.history(session, first.domain_id, before=newest) == (middle, oldest)

    asyncio.run(scenario())


def test_a_removed_domain_keeps_its_evidence_and_can_come_back(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            kept = await keep_one_of_each(session)
            await domains.remove(session, kept.domain_id, NOW)
            assert await domains.page(session) == ()
            assert await scans.history(session, kept.domain_id) == (kept.scan,)
            back = await domains.add(session, "example.com", NOW + DAY)
            assert (back.id, back.removed_at) == (kept.domain_id, None)
            assert len(await domains.add_all(session, ("example.com", "b.example", "b.example"), NOW)) == 1

    asyncio.run(scenario())


def test_a_scan_that_makes_sure_of_another_does_not_hide_what_changed(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            domain = await domains.add(session, "example.com", NOW)
            for minutes, points in ((-120, 90.0), (-10, 49.0), (0, 49.0)):
                seen = observation(at=NOW + timedelta(minutes=minutes))
                kept = await scans.store(session, seen, NOW)
                await assessments.add(session, kept.scan.id, assessment(seen, points), NOW)
            (state,) = await overview(session, NOW)
            assert (state.points, state.previous_points) == (49.0, 90.0)
            found = await trends(session, [domain.id], NOW - DAY, NOW)
            assert [one.points for one in found[domain.id]] == [90.0, 49.0, 49.0]

    asyncio.run(scenario())


@pytest.mark.parametrize(("reason", "approver", "days"), [("", "Ada", 1), ("why", " ", 1), ("why", "Ada", 0)])
def test_an_exception_needs_a_reason_an_approver_and_an_end(url: str, reason: str, approver: str, days: int) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            domain = await domains.add(session, "example.com", NOW)
            with pytest.raises(StoreError):
                await exceptions.grant(session, exceptions.Request(domain.id, "spf.x", reason, approver, NOW + days * DAY), NOW)

    asyncio.run(scenario())


def test_a_revoked_exception_holds_no_more(url: str) -> None:
    async def scenario() -> None:
        async with opened(url) as store, store.tenant(await new_tenant(store)) as session:
            kept = await keep_one_of_each(session)
            await exceptions.revoke(session, kept.exemption.id, "Bob", NOW + DAY)
            await exceptions.revoke(session, kept.exemption.id, "Eve", NOW + 2 * DAY)
            (found,) = await exceptions.of_domain(session, kept.domain_id)
            assert (found.revoked_by, found.holds(NOW), found.holds(NOW + DAY)) == ("Bob", True, False)
            assert (await verify_chain(session)).broken is None

    asyncio.run(scenario())
