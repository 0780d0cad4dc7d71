"""Talking to one endpoint in hellos: two at a time, each question repeated where silence would be the only answer, within a budget.

A job is a generator that yields hellos and is sent answers; jobs take turns, so that a round holds the hellos of at most two of them. What
counts as an answer: a ServerHello is a choice, an alert is a no. A connection that just closes is asked once more in a plainer form, and is
a no only when it closes again. Nothing here reads a clock or rolls dice, so that a tape of the interview leads to the same answers.
"""

from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from hauberk.model.dns import NoAnswer, Silence
from hauberk.model.transport import Ending, Endpoint, Flight, Hello
from hauberk.protocols.malformed import visible
from hauberk.protocols.tls.flight import ServerFlight, alert_name, read_flight, read_ssl2
from hauberk.protocols.tls.hello import ClientHello, Ssl2Hello, plainer, render
from hauberk.protocols.tls.registry import TLS12
from hauberk.protocols.tls.sealed import read_answer
from hauberk.protocols.walk import Walk, say_hello_each

AT_A_TIME = 2
MOST_TIMEOUTS = 3
_CLOSE_NOTIFY, _UNRECOGNIZED_NAME, _INTERNAL_ERROR, PROTOCOL_VERSION = 0, 112, 80, 70
# Alerts that say no to what was offered; others may be about the hello's form, so that it is put again in a plainer one.
_NO = (40, 47, 70, 71, 86, 109)

# Silences that may pass, and those that are ours; a refused connection is the server's word.
_OUR_OWN = (Silence.NO_ROUTE, Silence.FORBIDDEN, Silence.OUT_OF_TIME, Silence.NOT_ASKED)
_MAY_PASS = (Silence.TIMEOUT, Silence.UNREACHABLE, Silence.GARBLED)


class Outcome(StrEnum):
    CHOSEN = "chosen"
    DECLINED = "declined"  # by an alert, or by closing again
    UNKNOWN = "unknown"


_CHOSEN, _DECLINED = Outcome.CHOSEN, Outcome.DECLINED  # asked for often, and looking a member up in its class costs ten times as much


class Answer(Struct, frozen=True, gc=False):
    """`by_closing`: the no was no alert but a closed connection, which needs to be held against a hello that is known to be taken."""

    hello: ClientHello | Ssl2Hello
    flight: ServerFlight
    outcome: Outcome
    evidence: str = ""
    by_closing: bool = False

    @property
    def chosen(self) -> bool:
        return self.outcome is _CHOSEN

    @property
    def declined(self) -> bool:
        return self.outcome is _DECLINED


class Asked(Struct, frozen=True, gc=False):
    hello: ClientHello | Ssl2Hello
    purpose: str


Job: TypeAlias = Generator[Asked, Answer, None]


def put(hello: ClientHello | Ssl2Hello, purpose: str) -> Generator[Asked, Answer, Answer]:
    """Put one hello; its answer."""
    return (yield Asked(hello, purpose))


def _once_more(hello: ClientHello) -> Job:
    yield Asked(hello, "a hello that was taken, once more")


def _read(hello: ClientHello | Ssl2Hello, received: bytes) -> ServerFlight:
    if isinstance(hello, Ssl2Hello):
        return read_ssl2(received)
    return read_answer(render(hello), received) if hello.share else read_flight(received)


class _Again(StrEnum):
    """Why a hello is put for the second time."""

    NO = ""
    CLOSED = "closed"
    ALERT = "alert"
    SILENT = "silent"
    NAME = "name"  # the server does not know the name in it
    UNCONNECTED = "unconnected"
    DOUBT = "doubt"  # the plainer form came through: was it the form, or chance?


_SAID_AGAIN = dict.fromkeys(_Again, ", again") | {_Again.NO: "", _Again.DOUBT: ", once more"}


@dataclass(slots=True)
class _Turn:
    job: Job
    asked: Asked
    again: _Again = _Again.NO
    held: Answer | None = None  # to the plainer form, while in doubt


@dataclass(slots=True)
class Interview:
    """What is known of the conversation so far. `ended` says why it ended before its end; `most` bounds the connections."""

    endpoint: Endpoint
    most: int
    connections: int = 0
    ended: str = ""
    answers: list[Answer] = field(default_factory=list[Answer])
    odd: list[str] = field(default_factory=list[str])
    _plain: bool = False
    _nameless: bool = False
    _timeouts: int = 0
    _closed_twice: int = 0
    _kept_back: int = 0
    _used_up: bool = False
    _reconnected: bool = False

    @property
    def left(self) -> int:
        """Connections that may still be made; one is kept back to check noes that were closed connections."""
        return 0 if self.ended else self.most - self._kept_back - self.connections

    def check_closings(self) -> Walk[bool]:
        """Whether the server took a hello after it last closed a connection, so that its closed connections were noes."""
        if any(answer.chosen for answer in self.answers[self._last_closing() :]):
            return True
        taken = [answer.hello for answer in self.answers if answer.chosen and isinstance(answer.hello, ClientHello)]
        if not taken or (self.ended and not self._used_up):
            return False
        ended, self.ended, self._kept_back = self.ended, "", 0
        heard = len(self.answers)
        yield from self.hold((_once_more(taken[0]),))
        self.ended = self.ended or ended
        return any(answer.chosen for answer in self.answers[heard:])

    def _last_closing(self) -> int:
        return max((number for number, answer in enumerate(self.answers) if answer.by_closing), default=0)

    def hold(self, jobs: Iterable[Job]) -> Walk[None]:
        """Work through the jobs, two hellos at a time, until they are done, the budget is used up or the server sends us away."""
        waiting = deque(jobs)
        turns: list[_Turn] = []
        while not self.ended:
            self._begin(waiting, turns)
            if not turns:
                return
            if self.left <= 0:
                self.ended, self._used_up = f"the probe's {self.most} connections are used up", True
                break
            now = turns[: self.left]
            replies = yield from say_hello_each(tuple(self._spoken(turn) for turn in now))
            for turn, reply in zip(now, replies, strict=True):
                self.connections += 1
                self._hear(turn, reply, turns)
        for turn in turns:
            turn.job.close()

    def _begin(self, waiting: deque[Job], turns: list[_Turn]) -> None:
        while waiting and len(turns) < AT_A_TIME:
            job = waiting.popleft()
            asked = next(job, None)
            if asked is not None:
                turns.append(_Turn(job, asked))

    def _spoken(self, turn: _Turn) -> Hello:
        hello = self._worded(turn)
        return Hello(self.endpoint, render(hello), turn.asked.purpose + _SAID_AGAIN[turn.again])

    def _worded(self, turn: _Turn) -> ClientHello | Ssl2Hello:
        hello = turn.asked.hello
        if isinstance(hello, Ssl2Hello) or not (turn.again or self._nameless or self._plain):
            return hello
        if self._nameless or turn.again is _Again.NAME:
            hello = replace(hello, server_name="")
        return plainer(hello) if self._plain or turn.again in (_Again.CLOSED, _Again.ALERT, _Again.SILENT) else hello

    def _hear(self, turn: _Turn, reply: Flight | NoAnswer, turns: list[_Turn]) -> None:
        answer = self._judge(turn, reply)
        if answer is None:
            return
        if turn.again:
            if answer.chosen and turn.again in (_Again.CLOSED, _Again.SILENT):
                turn.again, turn.held = _Again.DOUBT, answer
                return
            answer = self._learn_manner(turn, answer)
            turn.again, turn.held = _Again.NO, None
        self.answers.append(answer)
        try:
            turn.asked = turn.job.send(answer)
        except StopIteration:
            turns.remove(turn)

    def _learn_manner(self, turn: _Turn, answer: Answer) -> Answer:
        """What the second or third try tells of how to speak to this server; the answer to go by."""
        if turn.again is _Again.NAME and answer.chosen:
            self._nameless = True
            self._note("refuses a hello that names the host (SNI)")
        if (turn.again is _Again.ALERT and answer.chosen) or (turn.again is _Again.DOUBT and not answer.chosen and not self.ended):
            self._plain = True
            self._note("does not bear a hello with many suites and extensions")
        return answer if answer.chosen or turn.held is None else turn.held

    def _note(self, oddity: str) -> None:
        if oddity not in self.odd:
            self.odd.append(oddity)

    def _judge(self, turn: _Turn, reply: Flight | NoAnswer) -> Answer | None:
        """The answer; None when the hello is to be put again."""
        hello = self._worded(turn)
        if isinstance(reply, NoAnswer):
            if reply.reason in _MAY_PASS and not self._reconnected:
                self._reconnected, turn.again = True, _Again.UNCONNECTED
                return None
            said = visible(reply.detail or reply.reason)
            self.ended = self.ended or (said if reply.reason in _OUR_OWN else f"no connection came about: {said}")
            return Answer(hello, ServerFlight(), Outcome.UNKNOWN, self.ended)
        if reply.refusal:
            self.ended = self.ended or f"the server sent us away: {visible(reply.refusal)}"
            return Answer(hello, ServerFlight(), Outcome.UNKNOWN, self.ended)
        flight = _read(hello, reply.received)
        if flight.version is not None:
            return Answer(hello, flight, _CHOSEN)
        if not flight.is_tls:
            return Answer(hello, flight, Outcome.UNKNOWN, "what the server sent is not TLS")
        if flight.alert not in (None, _CLOSE_NOTIFY):
            return self._alerted(turn, hello, flight, flight.alert or 0)
        if reply.ending in (Ending.CLOSED, Ending.RESET):
            return self._closed(turn, hello, flight)
        if reply.ending is not Ending.TIMEOUT:
            return Answer(hello, flight, Outcome.UNKNOWN, "what the server sent makes no sense")
        return self._waited(turn, hello, flight)

    def _alerted(self, turn: _Turn, hello: ClientHello | Ssl2Hello, flight: ServerFlight, alert: int) -> Answer | None:
        # OpenSSL fails with internal_error at an old version for which its policy leaves no signature.
        old = isinstance(hello, Ssl2Hello) or (hello.version < TLS12 and alert == _INTERNAL_ERROR)
        if alert in _NO or turn.again or old:
            return Answer(hello, flight, Outcome.DECLINED, f"alert {alert_name(alert)}")
        turn.again = _Again.NAME if alert == _UNRECOGNIZED_NAME else _Again.ALERT
        return None

    def _closed(self, turn: _Turn, hello: ClientHello | Ssl2Hello, flight: ServerFlight) -> Answer | None:
        """Closed without a word: asked once more, unless that has twice been this server's way of saying no."""
        usual = self._closed_twice >= 2
        if turn.again is _Again.UNCONNECTED or (turn.again is _Again.NO and not usual):
            turn.again = _Again.CLOSED
            return None
        if turn.again in (_Again.SILENT, _Again.DOUBT):
            return Answer(hello, flight, Outcome.UNKNOWN, "closed the connection")
        self._closed_twice += turn.again is _Again.CLOSED
        self._kept_back = 1
        words = "closed the connection, as it does to say no" if turn.again is _Again.NO else "closed the connection twice"
        return Answer(hello, flight, Outcome.DECLINED, words, by_closing=True)

    def _waited(self, turn: _Turn, hello: ClientHello | Ssl2Hello, flight: ServerFlight) -> Answer | None:
        """Not answered in time: asked once more, more plainly; silence is never a no."""
        self._timeouts += 1
        if self._timeouts >= MOST_TIMEOUTS:
            self.ended = self.ended or f"{self._timeouts} hellos were not answered in time"
        elif not turn.again:
            turn.again = _Again.SILENT
            return None
        return Answer(hello, flight, Outcome.UNKNOWN, "no answer in time")
