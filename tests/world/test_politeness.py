import asyncio

from hauberk.world.politeness import Manners, Politeness


class Counter:
    def __init__(self) -> None:
        self.open = 0
        self.most = 0
        self.starts: list[float] = []

    async def visit(self, politeness: Politeness, address: str) -> None:
        await politeness.begin(address)
        try:
            self.starts.append(asyncio.get_running_loop().time())
            self.open += 1
            self.most = max(self.most, self.open)
            await asyncio.sleep(0.01)
            self.open -= 1
        finally:
            politeness.end(address)


def test_at_most_two_connections_are_open_to_one_address() -> None:
    async def scenario() -> int:
        counter, politeness = Counter(), Politeness(Manners(pause=0.0))
        await asyncio.gather(*(counter.visit(politeness, "192.0.2.1") for _ in range(9)))
        return counter.most

    assert asyncio.run(scenario()) == 2


def test_different_addresses_do_not_wait_for_each_other() -> None:
    async def scenario() -> int:
        counter, politeness = Counter(), Politeness(Manners(pause=1.0))
        await asyncio.gather(*(counter.visit(politeness, f"192.0.2.{number}") for number in range(9)))
        return counter.most

    assert asyncio.run(scenario()) == 9


def test_the_cap_holds_over_all_addresses() -> None:
    async def scenario() -> int:
        counter, politeness = Counter(), Politeness(Manners(pause=0.0, total=3))
        await asyncio.gather(*(counter.visit(politeness, f"192.0.2.{number}") for number in range(9)))
        return counter.most

    assert asyncio.run(scenario()) == 3


def test_a_burst_waits_for_no_pause() -> None:
    async def scenario() -> None:
        counter, politeness = Counter(), Politeness(Manners(pause=60.0, burst=2))
        async with asyncio.timeout(30):
            for _ in range(2):
                await counter.visit(politeness, "192.0.2.1")

    asyncio.run(scenario())


def test_a_pause_each_lies_between_bursts_of_connections_to_one_address() -> None:
    async def scenario() -> list[float]:
        counter, politeness = Counter(), Politeness(Manners(pause=0.05, burst=2))
        begun = asyncio.get_running_loop().time()
        await asyncio.gather(*(counter.visit(politeness, "192.0.2.1") for _ in range(6)))
        return [start - begun for start in counter.starts]

    starts = asyncio.run(scenario())
    assert all(start >= number // 2 * 0.1 - 0.001 for number, start in enumerate(starts))  # a busy machine makes them later, never earlier


def test_a_slow_burst_does_not_draw_the_next_one_out() -> None:
    async def scenario() -> list[float]:
        politeness, starts = Politeness(Manners(per_address=1, pause=0.5, burst=2)), list[float]()
        for lasting in (0.8, 0.0, 0.0, 0.0):
            await politeness.begin("192.0.2.1")
            starts.append(asyncio.get_running_loop().time())
            await asyncio.sleep(lasting)
            politeness.end("192.0.2.1")
        return starts

    first, _, third, fourth = asyncio.run(scenario())
    assert third >= first + 0.999
    assert fourth < third + 0.7  # it waits for no pause, and not for a second after the one that was late in the first burst


def test_who_is_cancelled_gives_the_turn_back() -> None:
    async def scenario() -> int:
        counter, politeness = Counter(), Politeness(Manners(per_address=1, pause=0.0))
        visits = [asyncio.create_task(counter.visit(politeness, "192.0.2.1")) for _ in range(4)]
        await asyncio.sleep(0)
        for visit in visits[:3]:
            visit.cancel()
        await asyncio.gather(*visits, return_exceptions=True)
        await counter.visit(politeness, "192.0.2.1")
        return len(counter.starts)

    assert asyncio.run(scenario()) >= 2


def test_addresses_are_forgotten() -> None:
    async def scenario() -> object:
        counter, politeness = Counter(), Politeness(Manners(pause=0.01, burst=2))
        await counter.visit(politeness, "192.0.2.1")
        await asyncio.sleep(0.05)
        return vars(politeness)["_hosts"]

    assert asyncio.run(scenario()) == {}
