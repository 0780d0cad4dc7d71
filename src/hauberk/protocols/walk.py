"""Walks: procedures over the world as generators, so that the same code runs live, recorded and overlaid.

Theory of operation: a walk yields a tuple of asks that may be answered in any order and at the same time, and is sent the
tuple of replies in the same order. `reply = yield from ask(...)` reads like a call. A walk may also yield branches: walks of their
own that run side by side, none waiting for another's slow server. A walk bounds itself: whatever the world answers, it ends after a
known number of rounds. What many walks begin with, such as a domain's mail hosts, they share.
"""

from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar, cast

from msgspec import Struct

from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.model.observation import Observation
from hauberk.model.routing import Coverage, Covering
from hauberk.model.transport import Endpoint, Flight, Hello, HttpsAnswer, SmtpSession, Trial, Url

Ask: TypeAlias = Question | Endpoint | Url | Hello | Trial | Coverage
Reply: TypeAlias = DnsAnswer | SmtpSession | HttpsAnswer | Flight | Covering | NoAnswer
T = TypeVar("T")


class Branch(Struct, frozen=True):
    """A walk to run beside others; its result stands in the place of a reply."""

    walk: "Walk[object]"


class Shared(Struct, frozen=True, cache_hash=True):
    """A walk that others want the result of too: run once, for all that name it with the same arguments. Its result is never falsy."""

    walk: "Callable[[str], Walk[object]]"
    domain: str


Walk: TypeAlias = Generator[tuple[Ask | Branch | Shared, ...], tuple[object, ...], T]

NOT_ASKED = NoAnswer(Silence.NOT_ASKED, "the tape does not hold this question")


def ask(name: str, type: str, *, server: str = "", checking_disabled: bool = False) -> Walk[DnsAnswer | NoAnswer]:
    """Ask one DNS question."""
    (answer,) = yield (Question(name, type, server, checking_disabled),)
    return cast("DnsAnswer | NoAnswer", answer)  # a world gives nothing else for a question, nor does a tape


def ask_each(questions: tuple[Question, ...]) -> Walk[tuple[DnsAnswer | NoAnswer, ...]]:
    """Ask DNS questions at the same time; the answers come in their order."""
    if not questions:
        return ()
    return cast("tuple[DnsAnswer | NoAnswer, ...]", (yield questions))


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


def say_hello_each(hellos: tuple[Hello, ...]) -> Walk[tuple[Flight | NoAnswer, ...]]:
    """Send each hello on a connection of its own; the flights come in their order."""
    if not hellos:
        return ()
    replies = yield hellos
    return tuple(reply if isinstance(reply, (Flight, NoAnswer)) else NOT_ASKED for reply in replies)


def try_each(trials: tuple[Trial, ...]) -> Walk[tuple[SmtpSession | NoAnswer, ...]]:
    """Make each trial on a connection of its own."""
    if not trials:
        return ()
    replies = yield trials
    return tuple(reply if isinstance(reply, (SmtpSession, NoAnswer)) else NOT_ASKED for reply in replies)


def together(*walks: Walk[object]) -> Walk[tuple[object, ...]]:
    """Run walks in joint rounds of questions, those of one round at the same time; results in order. For walks that ask DNS only."""
    results: list[object] = [None] * len(walks)
    pending: dict[int, tuple[Ask | Branch | Shared, ...]] = {}
    replies: dict[int, tuple[object, ...] | None] = dict.fromkeys(range(len(walks)))
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


def side_by_side(walks: "tuple[Walk[T], ...]") -> "Walk[tuple[T, ...]]":
    """Run walks beside each other, none waiting for another's round; their results in order. For walks that wait for servers."""
    if not walks:
        return ()
    results = yield tuple(Branch(walk) for walk in walks)
    return cast("tuple[T, ...]", results)


def shared(walk: Callable[[str], Walk[T]], domain: str) -> Walk[T]:
    """The result of a walk that other walks share."""
    (result,) = yield (Shared(walk, domain),)
    return cast(T, result)


def replay(walk: Walk[T], reply: Callable[[Ask], Reply], share: Callable[[Shared], object] | None = None) -> T:
    """Run a walk to its end against answers that are at hand. `share` gives the results of shared walks, for one who keeps them."""

    def result(one: Ask | Branch | Shared) -> object:
        if isinstance(one, Branch):
            return replay(one.walk, reply, share)
        if isinstance(one, Shared):
            return share(one) if share else replay(one.walk(one.domain), reply)
        return reply(one)

    try:
        asks = next(walk)
        while True:
            asks = walk.send(tuple(map(result, asks)))
    except StopIteration as stop:
        return stop.value


def replies(observation: Observation) -> dict[Ask, Reply]:
    """Every ask on a tape with its reply."""
    held: dict[Ask, Reply] = {}
    for dns in observation.dns:
        held[dns.question] = dns.answer or dns.no_answer or NOT_ASKED
    for smtp in observation.smtp:
        held[smtp.endpoint] = smtp.session or smtp.no_answer or NOT_ASKED
    for https in observation.https:
        held[https.question] = https.answer or https.no_answer or NOT_ASKED
    for trial in observation.trials:
        held[trial.question] = trial.session or trial.no_answer or NOT_ASKED
    for tls in observation.tls:
        held[tls.question] = tls.flight or tls.no_answer or NOT_ASKED
    for coverage in observation.coverage or ():
        held[coverage.question] = coverage.covering or coverage.no_answer or NOT_ASKED
    return held
