"""The client of a Hauberk server, against a server that answers as it is told to."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from app.push.platforms import Answer, Asked, Platform
from hauberk.app.remote import Job, Outcome, Remote, RemoteError
from hauberk.model import json as assessments
from hauberk.world.tape import compress, encode
from store.samples import assessment, observation

JOB = {"id": 7, "kind": "scan", "state": "waiting", "stage": "waiting for its turn", "fraction": 0.0, "outcome": None, "reason": ""}
BUSY = Answer(503, {"type": "/api/v1/docs#unavailable", "detail": "the database is busy"}, {"Retry-After": "3"})


@dataclass
class Server(Platform):
    """Answers by path; what is not there is 404."""

    by_path: dict[str, Answer] = field(default_factory=dict[str, Answer])

    def __post_init__(self) -> None:
        Platform.__init__(self)

    def answer(self, asked: Asked) -> Answer:
        return self.by_path.get(asked.path.removeprefix("/api/v1"), Answer(404, {"detail": "there is no such domain"}))


def play(server: Server, scenario: Callable[[Remote, list[float]], Awaitable[None]]) -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def run(base: str) -> None:
        async with Remote(base, "hbk_secret", pause=pause) as remote:
            await scenario(remote, pauses)

    with server.serving() as base:
        asyncio.run(run(base))


def test_an_order_that_was_not_answered_is_sent_again_as_the_same_order() -> None:
    server = Server(by_path={"/domains/example.com/scans": Answer(202, JOB)})
    server.first = [BUSY, Answer(0, hang_up=True), Answer(429, {"detail": "slow down"}, {"Retry-After": "1"})]

    async def scenario(remote: Remote, pauses: list[float]) -> None:
        job = await remote.order("example.com")
        assert (job.id, pauses[0], pauses[2]) == (7, 3, 1)
        keys = {asked.headers["idempotency-key"] for asked in server.asked}
        assert (len(server.asked), len(keys)) == (4, 1)
        assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer hbk_secret"}

    play(server, scenario)


def test_a_server_that_asks_for_too_much_patience_is_not_waited_for() -> None:
    server = Server(by_path={"/domains/example.com/scans": Answer(503, {"detail": "later"}, {"Retry-After": "600"})})

    async def scenario(remote: Remote, pauses: list[float]) -> None:
        with pytest.raises(RemoteError) as refused:
            await remote.order("example.com")
        assert (refused.value.may_pass, pauses, str(refused.value)) == (True, [], "the server refused (503): later")

    play(server, scenario)


def test_a_domain_that_is_not_there_is_added_if_the_token_may() -> None:
    server = Server(by_path={"/domains": Answer(200, {"added": 1})})
    server.first = [Answer(404, {"detail": "there is no such domain"}), Answer(200, {"added": 1}), Answer(202, JOB)]

    async def adds(remote: Remote, _: list[float]) -> None:
        assert (await remote.order("example.com", ("pdf",))).id == 7
        order = "/api/v1/domains/example.com/reports"
        assert [asked.path for asked in server.asked] == [order, "/api/v1/domains", order]
        assert server.asked[0].json == {"formats": ["pdf"], "fresh": True}

    play(server, adds)
    poor = Server(by_path={"/domains": Answer(403, {"detail": "this wants the scope manage"})})

    async def may_not(remote: Remote, _: list[float]) -> None:
        with pytest.raises(RemoteError, match="and the token may not add it"):
            await remote.order("example.com")

    play(poor, may_not)


def test_a_job_is_followed_until_it_ends() -> None:
    done = {**JOB, "state": "done", "fraction": 1.0, "outcome": {"scan_id": 1, "assessment_id": 2, "report_ids": [3]}}
    server = Server(by_path={"/jobs/7": Answer(200, done)})
    server.first = [Answer(200, {**JOB, "state": "running", "fraction": 0.5, "stage": "asking"})] * 3

    async def scenario(remote: Remote, pauses: list[float]) -> None:
        told: list[float] = []
        ended = await remote.ended(Job(7, "waiting"), lambda job: told.append(job.fraction))
        assert (ended.outcome, told) == (Outcome(1, 2, (3,)), [0.0, 0.5, 0.5, 0.5, 1.0])
        assert pauses == sorted(pauses)

    play(server, scenario)


def test_a_result_of_another_tape_and_a_damaged_report_are_refused() -> None:
    seen, other = observation(), observation("other.example")
    full = {"assessed_at": "2026-11-22T00:00:00Z", "assessment": json.loads(assessments.encode(assessment(seen)))}
    report = {"id": 3, "name": "x.pdf", "format": "pdf", "sha256": hashlib.sha256(b"octets").hexdigest()}
    server = Server(
        by_path={
            "/scans/1/tape": Answer(200, raw=compress(encode(seen))),
            "/scans/2/tape": Answer(200, raw=compress(encode(other))),
            "/scans/3/tape": Answer(200, raw=b"no tape"),
            "/assessments/1": Answer(200, full),
            "/assessments/4": Answer(200, {"assessment": 1}),
            "/reports/3": Answer(200, report),
            "/reports/3/content": Answer(200, raw=b"octets"),
            "/reports/4": Answer(200, {**report, "id": 4}),
            "/reports/4/content": Answer(200, raw=b"octetS"),
        }
    )

    async def scenario(remote: Remote, _: list[float]) -> None:
        assert (await remote.scan(Outcome(1, 1))).observation == seen
        assert (await remote.report(3))[1] == b"octets"
        for outcome, words in ((Outcome(2, 1), "of another tape"), (Outcome(3, 1), "tape cannot be read"), (Outcome(1, 4), "none of this")):
            with pytest.raises(RemoteError, match=words):
                await remote.scan(outcome)
        with pytest.raises(RemoteError, match="arrived damaged"):
            await remote.report(4)

    play(server, scenario)


def test_a_redirect_does_not_carry_the_token_elsewhere() -> None:
    server = Server(by_path={"/tenant": Answer(302, None, {"Location": "http://192.0.2.1/"})})

    async def scenario(remote: Remote, _: list[float]) -> None:
        with pytest.raises(RemoteError, match="302"):
            await remote.company()
        assert len(server.asked) == 1

    play(server, scenario)
