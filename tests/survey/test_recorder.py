"""Walks driven side by side: what is asked once, what waits for what, and what is left when something breaks."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime

import pytest

from hauberk.model.dns import DnsAnswer, NoAnswer, Question
from hauberk.model.observation import ScanOptions, TrustStore, Vantage
from hauberk.protocols.walk import Ask, Branch, Reply, Walk, ask, shared, side_by_side
from hauberk.survey.recorder import Recorder

ANSWER = DnsAnswer("NOERROR")


class SlowWorld:
    """Answers when it is told to."""

    vantage = Vantage("hauberk", "udp://127.0.0.1:53", True, "")

    def __init__(self) -> None:
        self.asked: dict[Ask, asyncio.Future[Reply]] = {}
        self.times = 0

    def ask(self, question: Ask, /) -> Awaitable[Reply]:
        self.times += 1
        self.asked[question] = asyncio.get_running_loop().create_future()
        return self.asked[question]

    def trust(self, chains: tuple[tuple[bytes, ...], ...], /) -> TrustStore:
        return TrustStore()


def lookup(name: str) -> Walk[DnsAnswer | NoAnswer]:
    return (yield from ask(name, "A"))


def crashing() -> Walk[None]:
    yield from ask("crash.test", "A")
    raise ValueError("a bug")


def branching(first: Walk[object], second: Walk[object]) -> Walk[tuple[object, ...]]:
    return (yield from side_by_side((first, second)))


def test_walks_that_want_the_same_ask_the_world_once() -> None:
    async def scenario() -> None:
        world = SlowWorld()
        recorder = Recorder(world)
        strands = [recorder.begin(lookup("a.test")) for _ in range(3)]
        world.asked[Question("a.test", "A")].set_result(ANSWER)
        assert await recorder.until_idle()
        assert [strand.result for strand in strands] == [ANSWER] * 3
        assert world.times == 1

    asyncio.run(scenario())


def test_the_same_question_twice_in_one_round_is_asked_once() -> None:
    def twice() -> Walk[tuple[object, ...]]:
        return (yield (Question("a.test", "A"), Question("a.test", "A")))

    async def scenario() -> None:
        world = SlowWorld()
        recorder = Recorder(world)
        strand = recorder.begin(twice())
        world.asked[Question("a.test", "A")].set_result(ANSWER)
        assert await recorder.until_idle()
        assert strand.result == (ANSWER, ANSWER)
        assert world.times == 1

    asyncio.run(scenario())


def test_a_branch_that_is_done_does_not_wait_for_its_slow_neighbour() -> None:
    def two_rounds() -> Walk[object]:
        yield from ask("fast.test", "A")
        return (yield from ask("then.test", "A"))

    async def scenario() -> None:
        world = SlowWorld()
        recorder = Recorder(world)
        strand = recorder.begin(branching(lookup("slow.test"), two_rounds()))
        world.asked[Question("fast.test", "A")].set_result(ANSWER)
        assert not await recorder.until_idle(0.01)
        assert Question("then.test", "A") in world.asked
        for name in ("slow.test", "then.test"):
            world.asked[Question(name, "A")].set_result(ANSWER)
        assert await recorder.until_idle()
        assert strand.result == (ANSWER, ANSWER)

    asyncio.run(scenario())


def test_a_crash_ends_its_own_walk_and_those_it_branched_off_from_only() -> None:
    async def scenario() -> None:
        world = SlowWorld()
        recorder = Recorder(world)
        broken = recorder.begin(branching(crashing(), lookup("a.test")))
        sound = recorder.begin(lookup("a.test"))
        for name in ("crash.test", "a.test"):
            world.asked[Question(name, "A")].set_result(ANSWER)
        assert await recorder.until_idle()
        assert isinstance(broken.crash, ValueError)
        assert sound.result == ANSWER

    asyncio.run(scenario())


def test_what_is_under_way_when_time_is_up_is_written_down_as_cut_off() -> None:
    async def scenario() -> None:
        world = SlowWorld()
        recorder = Recorder(world)
        recorder.begin(lookup("a.test"))
        assert not await recorder.until_idle(0.01)
        recorder.let_go()
        assert world.asked[Question("a.test", "A")].cancelled()
        (exchange,) = recorder.tape("a.test", datetime(2026, 11, 21, tzinfo=UTC), ScanOptions(), finished=False).dns
        assert exchange.no_answer is not None
        assert exchange.no_answer.reason == "out-of-time"

    asyncio.run(scenario())


def test_a_world_that_hangs_up_does_not_leave_anybody_waiting() -> None:
    async def scenario() -> None:
        world = SlowWorld()
        driven = asyncio.ensure_future(Recorder(world).drive(lookup("a.test")))
        await asyncio.sleep(0)
        world.asked[Question("a.test", "A")].cancel()
        with pytest.raises(asyncio.CancelledError):
            await driven

    asyncio.run(scenario())


def test_branches_without_questions_end_at_once() -> None:
    def empty() -> Walk[None]:
        yield from ()

    def parent() -> Walk[object]:
        return (yield (Branch(empty()), Branch(empty())))

    async def scenario() -> None:
        assert await Recorder(SlowWorld()).drive(parent()) == (None, None)

    asyncio.run(scenario())


def test_what_walks_share_is_walked_once_and_its_crash_is_everybodys() -> None:
    begun: list[str] = []

    def common(name: str) -> Walk[str]:
        begun.append(name)
        yield from ask(name, "A")
        if name == "crash.test":
            raise ValueError("a bug")
        return f"of {name}"

    async def scenario() -> None:
        world = SlowWorld()
        recorder = Recorder(world)
        sound = [recorder.begin(shared(common, "a.test")) for _ in range(3)]
        broken = [recorder.begin(shared(common, "crash.test")) for _ in range(2)]
        for future in world.asked.values():
            future.set_result(ANSWER)
        assert await recorder.until_idle()
        late = recorder.begin(shared(common, "a.test"))
        assert [strand.result for strand in (*sound, late)] == ["of a.test"] * 4
        assert all(isinstance(strand.crash, ValueError) for strand in broken)
        assert begun == ["a.test", "crash.test"]
        tape = recorder.tape("a.test", datetime(2026, 11, 21, tzinfo=UTC), ScanOptions(), finished=True)
        assert [exchange.question.name for exchange in tape.dns] == ["a.test", "crash.test"]

    asyncio.run(scenario())
