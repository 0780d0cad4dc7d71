"""How often and how much: quotas by token and scope, strangers by address, bodies by octets."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.web.api.rate import Limiter, Quota
from hauberk.web.api.scope import Scope
from hauberk.web.api.service import Limits
from web.api.calling import PLENTY, Calling, Play, Scenario, calling, migrated_copy

TEN = Quota("ten", 10, 60)


def test_a_bucket_gives_its_burst_and_then_as_fast_as_it_fills() -> None:
    limiter = Limiter()
    first = [limiter.ask("a", TEN, 0.0) for _ in range(12)]
    assert [one.granted for one in first] == [True] * 10 + [False] * 2
    assert [one.left for one in first[:10]] == list(range(9, -1, -1))
    assert 0 < first[10].wait <= 1
    assert limiter.ask("b", TEN, 0.0).granted, "another's bucket is another"
    assert [limiter.ask("a", TEN, 3.0).granted for _ in range(4)] == [True] * 3 + [False]
    assert [limiter.ask("a", TEN, 100.0).granted for _ in range(11)] == [True] * 10 + [False]


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_no_more_are_granted_than_the_quota_says(pauses: list[float]) -> None:
    limiter, now, granted = Limiter(), 0.0, 0
    for pause in pauses:
        now += pause
        allowance = limiter.ask("a", TEN, now)
        granted += allowance.granted
        assert 0 <= allowance.left <= 9
        assert granted <= 10 + now + 1e-6
        if not allowance.granted:
            assert limiter.ask("a", TEN, now + allowance.wait + 1e-6).granted
            granted += 1
            now += allowance.wait + 1e-6


def test_many_keys_are_forgotten_before_they_fill_the_memory() -> None:
    limiter = Limiter()
    for number in range(45_000):
        limiter.ask(str(number), TEN, number / 1000)
    assert len(limiter) <= 20_000


def test_a_token_that_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    limits = replace(PLENTY, quotas={**PLENTY.quotas, Scope.READ: Quota("read", 3, 6)})

    async def scenario(here: Calling) -> None:
        answers = [await here.client.get("/tenant") for _ in range(4)]
        assert [one.status_code for one in answers] == [200, 200, 200, 429]
        assert answers[0].headers["RateLimit-Policy"] == '"read";q=3;w=30'
        assert answers[0].headers["RateLimit"] == '"read";r=2;t=10'
        refused = answers[3]
        assert refused.json()["type"] == "/api/v1/docs#too-many-requests"
        assert 1 <= int(refused.headers["Retry-After"]) <= 10
        assert (await here.client.get("/tenant", headers=await here.bearer())).status_code == 200, "another token has its own"
        assert (await here.client.put("/domains/example.com", json={})).status_code == 201, "and another scope too"

    _play(tmp_path, limits, scenario)


def test_whoever_guesses_tokens_is_slowed_down_and_nobody_else(tmp_path: Path) -> None:
    limits = replace(PLENTY, strangers=Quota("strangers", 5, 5))

    async def scenario(here: Calling) -> None:
        guesses = [await here.client.get("/tenant", headers={"Authorization": f"Bearer hbk_{number}"}) for number in range(6)]
        assert [one.status_code for one in guesses] == [401] * 5 + [429]
        assert (await here.client.get("/tenant", headers={"Authorization": ""})).status_code == 429
        assert (await here.client.get("/tenant")).status_code == 200

    _play(tmp_path, limits, scenario)


def _play(folder: Path, limits: Limits, scenario: Scenario) -> None:
    url = migrated_copy(folder)

    async def run() -> None:
        async with calling(url, folder, limits) as here:
            await scenario(here)

    asyncio.run(run())


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused_before_it_is_kept(play: Play, declared: bool) -> None:
    async def scenario(here: Calling) -> None:
        sent = 0

        async def endless() -> AsyncGenerator[bytes]:
            nonlocal sent
            yield b'{"name": "'
            while sent < 1000:
                sent += 1
                yield b"x" * 10_000

        content = b"x" * 300_000 if declared else endless()
        refused = await here.client.patch("/tenant", content=content, headers={"Content-Type": "application/json"})
        assert (refused.status_code, refused.json()["type"]) == (413, "/api/v1/docs#too-large")
        assert sent < 100

    play(scenario)
