"""`/metrics`: the latest results of one organisation, as `--format prometheus` writes them."""

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from hauberk.report.exports.prometheus import prometheus
from hauberk.store import assessments, domains, scans
from store.samples import NOW, assessment, observation
from web.api.calling import Calling, Play

METRICS = "http://hauberk.test/metrics"


def test_they_are_what_the_command_line_writes_of_the_latest_results(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        await here.keep("theirs.example", await here.another_tenant())
        await here.client.post("/domains", json={"names": ["unscanned.example"]})
        for name in ("b.example", "a.example"):
            await here.keep(name)
        async with here.store.tenant(here.tenant) as session:
            newer = observation("a.example", NOW + timedelta(minutes=5))
            scan = (await scans.store(session, newer, NOW)).scan
            await assessments.add(session, scan.id, assessment(newer, 12.25), NOW)
        latest = [assessment(newer, 12.25), assessment(observation("b.example"))]
        for _ in range(2):
            answer = await here.client.get(METRICS, headers=await here.bearer("metrics"))
            assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
            told, counted = answer.text.split("# HELP hauberk_domains ")
            assert told == prometheus(latest)
            assert 'hauberk_domains{scanned="no"} 1' in counted
            assert {family.name for family in text_string_to_metric_families(answer.text)} >= {"hauberk_domain_info", "hauberk_domains"}

    play(scenario)


def test_a_domain_that_is_removed_is_told_no_more(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        kept = await here.keep()
        async with here.store.tenant(here.tenant) as session:
            await domains.remove(session, kept.domain_id, NOW)
        answer = await here.client.get(METRICS)
        assert (answer.status_code, "example.com" in answer.text) == (200, False)

    play(scenario)


def test_they_want_the_scope_metrics_and_refuse_with_a_problem(play: Play) -> None:
    async def scenario(here: Calling) -> None:
        for headers, status in ((await here.bearer("read scan"), 403), ({"Authorization": ""}, 401)):
            refused = await here.client.get(METRICS, headers=headers)
            assert (refused.status_code, refused.headers["Content-Type"]) == (status, "application/problem+json")
        assert (await here.client.post(METRICS)).status_code == 405
        assert (await here.client.head(METRICS)).status_code == 200

    play(scenario)
