"""Walks: procedures over the world as generators, so that the same code runs live, recorded and overlaid.

Theory of operation: a walk yields a tuple of asks that may be answered in any order and at the same time, and is sent the
tuple of replies in the same order. `reply = yield from ask(...)` reads like a call. A walk bounds itself: whatever the world
answers, it ends after a known number of rounds.
"""

from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.model.transport import Endpoint, HttpsAnswer, SmtpSession, Url

Ask: TypeAlias = Question | Endpoint | Url
Reply: TypeAlias = DnsAnswer | SmtpSession | HttpsAnswer | NoAnswer
T = TypeVar("T")
Walk: TypeAlias = Generator[tuple[Ask, ...], tuple[Reply, ...], T]

NOT_ASKED = NoAnswer(Silence.NOT_ASKED, "the tape does not hold this question")


def ask(name: str, type: str, *, server: str = "", checking_disabled: bool = False) -> Walk[DnsAnswer | NoAnswer]:
    """Ask one DNS question."""
    (answer,) = yield from ask_each((Question(name, type, server, checking_disabled),))
    return answer


def ask_each(questions: tuple[Question, ...]) -> Walk[tuple[DnsAnswer | NoAnswer, ...]]:
    """Ask DNS questions at the same time; the answers come in their order."""
    if not questions:
        return ()
    replies = yield questions
    return tuple(reply if isinstance(reply, (DnsAnswer, NoAnswer)) else NOT_ASKED for reply in replies)


def converse_each(endpoints: tuple[Endpoint, ...]) -> Walk[tuple[SmtpSession | NoAnswer, ...]]:
    """Open an SMTP session to each endpoint."""
    if not endpoints:
        return ()
    replies = yield endpoints
    return tuple(reply if isinstance(reply, (SmtpSession, NoAnswer)) else NOT_ASKED for reply in replies)


def fetch(url: Url) -> Walk[HttpsAnswer | NoAnswer]:
    """GET one URL."""
    (reply,) = yield (url,)
    return reply if isinstance(reply, (HttpsAnswer, NoAnswer)) else NOT_ASKED


def together(*walks: Walk[object]) -> Walk[tuple[object, ...]]:
    """Run walks side by side, one joint round of questions at a time; their results in order."""
    results: list[object] = [None] * len(walks)
    pending: dict[int, tuple[Ask, ...]] = {}
    replies: dict[int, tuple[Reply, ...] | None] = dict.fromkeys(range(len(walks)))
    while replies:
        pending.clear()
        for index, reply in replies.items():
            try:
                pending[index] = next(walks[index]) if reply is None else walks[index].send(reply)
            except StopIteration as stop:
                results[index] = stop.value
        if not pending:
            break
        answered = yield tuple(one for asks in pending.values() for one in asks)
        replies = {}
        position = 0
        for index, asks in pending.items():
            replies[index] = answered[position : position + len(asks)]
            position += len(asks)
    return tuple(results)


def replay(walk: Walk[T], reply: Callable[[Ask], Reply]) -> T:
    """Run a walk to its end against answers that are at hand."""
    try:
        asks = next(walk)
        while True:
            asks = walk.send(tuple(reply(one) for one in asks))
    except StopIteration as stop:
        return stop.value
