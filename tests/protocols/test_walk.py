from hauberk.model.dns import DnsAnswer, Question
from hauberk.protocols.walk import NOT_ASKED, Ask, Branch, Reply, Shared, Walk, ask, replay, shared, side_by_side, together

ASKED: list[Ask] = []


def _reply(one: Ask) -> Reply:
    ASKED.append(one)
    return DnsAnswer("NOERROR") if isinstance(one, Question) else NOT_ASKED


def _two_rounds(name: str) -> Walk[str]:
    first = yield from ask(name, "MX")
    second = yield from ask(f"next.{name}", "A")
    assert isinstance(first, DnsAnswer)
    assert isinstance(second, DnsAnswer)
    return name


def _none() -> Walk[str]:
    return "nothing asked"
    yield


def test_walks_run_together_in_joint_rounds() -> None:
    rounds: list[int] = []
    walk = together(_two_rounds("a.test"), _none(), _two_rounds("b.test"))
    asks = next(walk)
    while True:
        rounds.append(len(asks))
        try:
            asks = walk.send(tuple(_reply(one) for one in asks if not isinstance(one, Branch | Shared)))
        except StopIteration as stop:
            assert stop.value == ("a.test", "nothing asked", "b.test")
            break
    assert rounds == [2, 2]


def test_branches_are_walked_and_their_results_stand_in_order() -> None:
    walk = side_by_side((_two_rounds("a.test"), _none(), _two_rounds("b.test")))
    assert replay(walk, _reply) == ("a.test", "nothing asked", "b.test")


def test_replay_answers_every_ask() -> None:
    assert replay(_two_rounds("a.test"), _reply) == "a.test"


def test_what_is_shared_stands_for_its_result() -> None:
    def begins_with_it() -> Walk[str]:
        return (yield from shared(_two_rounds, "a.test"))

    assert replay(side_by_side((begins_with_it(), begins_with_it())), _reply) == ("a.test", "a.test")
    wanted: list[Shared] = []

    def keep(one: Shared) -> str:
        wanted.append(one)
        return "kept"

    assert replay(begins_with_it(), _reply, keep) == "kept"
    assert wanted == [Shared(_two_rounds, "a.test")]
