"""The pen: every ask of a survey goes through it and is written down with its reply."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import TypeVar, cast

from msgspec import UNSET

from hauberk.model.dns import DnsAnswer, DnsExchange, NoAnswer, Question, Silence
from hauberk.model.observation import Observation, ScanOptions
from hauberk.model.routing import Coverage, CoverageExchange, Covering
from hauberk.model.transport import (
    Endpoint,
    Flight,
    Hello,
    HelloExchange,
    HttpsAnswer,
    HttpsExchange,
    SmtpExchange,
    SmtpSession,
    Trial,
    TrialExchange,
    Url,
)
from hauberk.protocols.tls.sealed import read_answer
from hauberk.protocols.walk import Ask, Branch, Reply, Shared, Walk
from hauberk.survey.strand import Strand
from hauberk.world.recorded import Ready
from hauberk.world.world import World

T = TypeVar("T")
_QUESTION = attrgetter("question")
_CUT_OFF = NoAnswer(Silence.OUT_OF_TIME, "the scan's time limit came first")


class Recorder:
    """Drives walks against a world, all at the same time, and keeps the tape.

    Theory of operation: no walk has a task of its own. A strand goes on for as long as the tape holds what it asks for; then it is
    noted down at the asks that it waits for, and the last reply moves it on. Strands that wait for the same ask the world once.
    """

    def __init__(self, world: World, told: Callable[[Ask, Reply], None] | None = None) -> None:
        """`told` is called with every ask and its reply as they come (progress displays live on it)."""
        self._world = world
        self._told = told
        self._replies: dict[Ask | Branch | Shared, object] = {}  # no branch is ever in it
        self._waiting: dict[Ask | Shared, list[tuple[Strand[object], int]]] = {}
        self._under_way: dict[asyncio.Future[Reply], Ask] = {}
        self._open = 0
        self._idle: asyncio.Future[None] | None = None

    async def drive(self, walk: Walk[T]) -> T:
        """Run one walk to its end. What is on the tape already is not asked again: every walk goes by what the tape says."""
        strand = self.begin(walk)
        try:
            if not await self.until_idle():
                raise asyncio.CancelledError("the world hung up")
        finally:
            self.let_go()
        if strand.crash:
            raise strand.crash
        return cast(T, strand.result)

    def begin(self, walk: Walk[T]) -> Strand[T]:
        """Set out on a walk; its first questions are under way when this returns."""
        strand = Strand(walk)
        self._open += 1
        self._go_on(cast("Strand[object]", strand), None)
        return strand

    async def until_idle(self, limit: float | None = None) -> bool:
        """Wait until every strand has ended, or for `limit` seconds, or until the world hangs up; whether they have ended."""
        if self._open:
            loop = asyncio.get_running_loop()
            self._idle = loop.create_future()
            timer = loop.call_later(limit, self._rest) if limit is not None else None
            try:
                await self._idle
            finally:
                self._idle = None
                if timer:
                    timer.cancel()
        return not self._open

    def let_go(self) -> None:
        """Wait for nothing any more. What is still under way will be on the tape as cut off."""
        for future in self._under_way:
            future.cancel()
        self._under_way.clear()

    def _rest(self) -> None:
        if self._idle and not self._idle.done():
            self._idle.set_result(None)

    def _go_on(self, strand: Strand[object], replies: tuple[object, ...] | None) -> None:
        """Move a strand as far as the tape goes."""
        recorded, send = self._replies.get, strand.walk.send
        try:
            asks = next(strand.walk) if replies is None else send(replies)
            while True:
                held: list[object] = [*map(recorded, asks)]
                if not all(held) and self._waits(strand, asks, held):
                    return
                asks = send(tuple(held))
        except StopIteration as stop:
            strand.result = stop.value
        except Exception as crash:
            strand.crash = crash
        self._end(strand)

    def _waits(self, strand: Strand[object], asks: Sequence[Ask | Branch | Shared], held: list[object]) -> bool:
        """Set out for what is missing, all of it at the same time; false if all was at hand at once."""
        strand.held = held
        strand.missing = 1  # more than there is, so that no reply moves the strand before all is under way
        unasked: list[Ask] = []
        begun: list[Strand[object]] = []
        for place, one in enumerate(asks):
            if held[place] is not None:
                continue
            strand.missing += 1
            if isinstance(one, Branch):
                begun.append(Strand(one.walk, strand, place))
            elif (waiting := self._waiting.get(one)) is not None:
                waiting.append((strand, place))
            else:
                self._waiting[one] = [(strand, place)]
                if isinstance(one, Shared):
                    begun.append(Strand(one.walk(one.domain), shared=one))
                else:
                    unasked.append(one)
        self._open += len(begun)
        for one in unasked:
            self._ask(one)
        for other in begun:
            self._go_on(other, None)
        strand.missing -= 1
        return strand.missing > 0 or strand.ended

    def _ask(self, one: Ask) -> None:
        awaitable = self._world.ask(one)
        if isinstance(awaitable, Ready):
            self._note(one, awaitable.value)
            return
        future = awaitable if isinstance(awaitable, asyncio.Future) else asyncio.ensure_future(awaitable)
        if future.done() and not future.cancelled():
            self._note(one, future.result())
        else:
            self._under_way[future] = one
            future.add_done_callback(self._landed)

    def _landed(self, future: asyncio.Future[Reply]) -> None:
        one = self._under_way.pop(future, None)
        if one is None:  # let go
            return
        try:
            reply = future.result()
        except asyncio.CancelledError:
            self._rest()
        except Exception as crash:
            self._break_off_all(one, crash)
        else:
            self._note(one, reply)

    def _note(self, one: Ask, reply: Reply) -> None:
        """Write the reply down and move on whoever has waited for it alone."""
        if self._told:
            self._told(one, reply)
        self._give(one, reply)

    def _give(self, one: Ask | Shared, result: object) -> None:
        self._replies[one] = result
        for strand, place in self._waiting.pop(one):
            self._hand_over(strand, place, result)

    def _hand_over(self, strand: Strand[object], place: int, reply: object) -> None:
        strand.held[place] = reply
        strand.missing -= 1
        if not strand.missing and not strand.ended:
            self._go_on(strand, tuple(strand.held))

    def _end(self, strand: Strand[object]) -> None:
        strand.ended = True
        self._open -= 1
        if strand.shared is not None:
            if strand.crash:
                self._break_off_all(strand.shared, strand.crash)
            else:
                self._give(strand.shared, strand.result)
        elif strand.parent is not None:
            if strand.crash:
                self._break_off(strand.parent, strand.crash)
            else:
                self._hand_over(strand.parent, strand.place, strand.result)
        if not self._open:
            self._rest()

    def _break_off_all(self, one: Ask | Shared, crash: BaseException) -> None:
        for strand, _ in self._waiting.pop(one):
            self._break_off(strand, crash)

    def _break_off(self, strand: Strand[object], crash: BaseException) -> None:
        """A strand ends with the crash of what it waits for."""
        if not strand.ended:
            strand.crash = crash
            self._end(strand)

    @property
    def replies(self) -> Mapping[Ask, Reply]:
        """What was asked so far and answered, by what was asked."""
        return cast("Mapping[Ask, Reply]", self._replies)  # what shared walks came to stands there too, under no ask

    def tape(self, domain: str, at: datetime, options: ScanOptions, *, finished: bool) -> Observation:
        """Everything asked so far. What was still under way is written down as cut off."""
        dns: list[DnsExchange] = []
        smtp: list[SmtpExchange] = []
        https: list[HttpsExchange] = []
        tls: list[HelloExchange] = []
        trials: list[TrialExchange] = []
        coverage: list[CoverageExchange] = []
        cut_off = dict.fromkeys(self._waiting, _CUT_OFF)
        for one, reply in (cut_off | self._replies if cut_off else self._replies).items():
            silence = reply if isinstance(reply, NoAnswer) else None
            match one:
                case Question():
                    dns.append(DnsExchange(one, reply if isinstance(reply, DnsAnswer) else None, silence))
                case Endpoint():
                    smtp.append(SmtpExchange(one, reply if isinstance(reply, SmtpSession) else None, silence))
                case Url():
                    https.append(HttpsExchange(one, reply if isinstance(reply, HttpsAnswer) else None, silence))
                case Hello():
                    tls.append(HelloExchange(one, reply if isinstance(reply, Flight) else None, silence))
                case Trial():
                    trials.append(TrialExchange(one, reply if isinstance(reply, SmtpSession) else None, silence))
                case Coverage():
                    coverage.append(CoverageExchange(one, reply if isinstance(reply, Covering) else None, silence))
                case Shared() | Branch():
                    pass  # what they came to is made of asks
        observation = Observation(
            domain=domain,
            at=at,
            vantage=self._world.vantage,
            options=options,
            dns=tuple(sorted(dns, key=_QUESTION)),
            smtp=tuple(sorted(smtp, key=lambda exchange: exchange.endpoint)),
            https=tuple(sorted(https, key=lambda exchange: (exchange.question.url, exchange.question.limit))),
            tls=tuple(sorted(tls, key=lambda exchange: (exchange.question.endpoint, exchange.question.octets))),
            trials=tuple(sorted(trials, key=_QUESTION)),
            finished=finished,
            coverage=tuple(sorted(coverage, key=_QUESTION)) or UNSET,
        )
        chains = _chains(observation)
        return replace(observation, trust=self._world.trust(chains)) if chains else observation


def _chains(observation: Observation) -> tuple[tuple[bytes, ...], ...]:
    handshakes = [exchange.session.tls for exchange in observation.smtp if exchange.session]
    handshakes += [exchange.answer.tls for exchange in observation.https if exchange.answer]
    chains = [handshake.chain for handshake in handshakes if handshake and handshake.chain]
    chains += [read_answer(exchange.question.octets, exchange.flight.received).chain for exchange in observation.tls if exchange.flight]
    return tuple(dict.fromkeys(chain for chain in chains if chain))
