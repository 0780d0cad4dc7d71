"""The pen: every ask of a survey goes through it and is written down with its reply."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import TypeVar, cast

from hauberk.model.dns import DnsAnswer, DnsExchange, NoAnswer, Question, Silence
from hauberk.model.observation import Observation, ScanOptions
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
from hauberk.protocols.tls.flight import read_flight
from hauberk.protocols.walk import Ask, Branch, Reply, Walk
from hauberk.world.world import World

T = TypeVar("T")
_DNS_ORDER = attrgetter("question.name", "question.type", "question.server", "question.checking_disabled")
_CUT_OFF = NoAnswer(Silence.OUT_OF_TIME, "the scan's time limit came first")


class Recorder:
    """Drives walks against a world and keeps the tape."""

    def __init__(self, world: World, told: Callable[[Ask, Reply], None] | None = None) -> None:
        """`told` is called with every ask and its reply as they come (progress displays live on it)."""
        self._world = world
        self._told = told
        self._replies: dict[Ask, Reply] = {}
        self._under_way: dict[int, Sequence[Ask]] = {}
        self._batches = 0

    async def drive(self, walk: Walk[T]) -> T:
        """Run one walk to its end. What is on the tape already is not asked again: every walk goes by what the tape says."""
        recorded = self._replies.get
        try:
            asks = next(walk)
            while True:
                if Branch in map(type, asks):
                    asks = walk.send(await self._with_branches(asks))
                    continue
                plain = cast("Sequence[Ask]", asks)
                known = [recorded(one) for one in plain]
                asks = walk.send(tuple(known) if all(known) else await self._ask_each(plain))
        except StopIteration as stop:
            return stop.value

    async def _ask_each(self, asks: Sequence[Ask]) -> tuple[object, ...]:
        """All asks at the same time: a world has the question under way when `ask` returns."""
        replies, ask = self._replies, self._world.ask
        under_way = [ask(one) for one in asks]
        batch = self._batches
        self._batches += 1
        self._under_way[batch] = asks
        result: list[Reply] = []
        for one, awaitable in zip(asks, under_way, strict=True):
            reply = await awaitable
            if self._told and one not in replies:
                self._told(one, reply)
            result.append(replies.setdefault(one, reply))
        del self._under_way[batch]
        return tuple(result)

    async def _with_branches(self, asks: Sequence[Ask | Branch]) -> tuple[object, ...]:
        """Branches run beside the asks and beside each other; they end with the walk that they branched off."""
        tasks = [asyncio.create_task(self.drive(one.walk) if isinstance(one, Branch) else self._ask_one(one)) for one in asks]
        try:
            return tuple([await task for task in tasks])
        finally:
            for task in tasks:
                task.cancel()

    async def _ask_one(self, one: Ask) -> object:
        (reply,) = await self._ask_each((one,))
        return reply

    def tape(self, domain: str, at: datetime, options: ScanOptions, *, finished: bool) -> Observation:
        """Everything asked so far. What was still under way is written down as cut off."""
        dns: list[DnsExchange] = []
        smtp: list[SmtpExchange] = []
        https: list[HttpsExchange] = []
        tls: list[HelloExchange] = []
        trials: list[TrialExchange] = []
        cut_off = {one: _CUT_OFF for asks in self._under_way.values() for one in asks}
        for one, reply in (cut_off | self._replies).items():
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
        observation = Observation(
            domain=domain,
            at=at,
            vantage=self._world.vantage,
            options=options,
            dns=tuple(sorted(dns, key=_DNS_ORDER)),
            smtp=tuple(sorted(smtp, key=lambda exchange: exchange.endpoint)),
            https=tuple(sorted(https, key=lambda exchange: (exchange.question.url, exchange.question.limit))),
            tls=tuple(sorted(tls, key=lambda exchange: (exchange.question.endpoint, exchange.question.octets))),
            trials=tuple(sorted(trials, key=lambda exchange: exchange.question.endpoint)),
            finished=finished,
        )
        chains = _chains(observation)
        return replace(observation, trust=self._world.trust(chains)) if chains else observation


def _chains(observation: Observation) -> tuple[tuple[bytes, ...], ...]:
    handshakes = [exchange.session.tls for exchange in observation.smtp if exchange.session]
    handshakes += [exchange.answer.tls for exchange in observation.https if exchange.answer]
    chains = [handshake.chain for handshake in handshakes if handshake and handshake.chain]
    chains += [read_flight(exchange.flight.received).chain for exchange in observation.tls if exchange.flight]
    return tuple(dict.fromkeys(chain for chain in chains if chain))
