"""The pen: every ask of a survey goes through it and is written down with its reply."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

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
    Url,
)
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
        self._replies: dict[Ask, Reply | None] = {}

    async def drive(self, walk: Walk[T]) -> T:
        """Run one walk to its end. What is on the tape already is not asked again: every walk goes by what the tape says."""
        recorded = self._replies.get
        try:
            asks = next(walk)
            while True:
                known = [None if isinstance(one, Branch) else recorded(one) for one in asks]
                asks = walk.send(tuple(known) if all(known) else await self._ask_each(asks))
        except StopIteration as stop:
            return stop.value

    async def _ask_each(self, asks: Sequence[Ask | Branch]) -> tuple[object, ...]:
        """All asks at the same time: a world has the question under way when `ask` returns."""
        replies = self._replies
        branches: list[asyncio.Task[object]] = []
        under_way: list[Awaitable[object]] = []
        for one in asks:
            if isinstance(one, Branch):
                branches.append(asyncio.create_task(self.drive(one.walk)))
                under_way.append(branches[-1])
            else:
                replies.setdefault(one, None)
                under_way.append(self._world.ask(one))
        try:
            return tuple([self._written(one, await awaitable) for one, awaitable in zip(asks, under_way, strict=True)])
        finally:
            for branch in branches:
                branch.cancel()

    def _written(self, one: Ask | Branch, reply: object) -> object:
        if isinstance(one, Branch) or not isinstance(reply, Reply):
            return reply
        recorded = self._replies[one]
        if recorded is not None:
            return recorded
        self._replies[one] = reply
        if self._told:
            self._told(one, reply)
        return reply

    def tape(self, domain: str, at: datetime, options: ScanOptions, *, finished: bool) -> Observation:
        """Everything asked so far. What was still under way is written down as cut off."""
        dns: list[DnsExchange] = []
        smtp: list[SmtpExchange] = []
        https: list[HttpsExchange] = []
        tls: list[HelloExchange] = []
        for one, reply in self._replies.items():
            silence = reply if isinstance(reply, NoAnswer) else None if reply else _CUT_OFF
            match one:
                case Question():
                    dns.append(DnsExchange(one, reply if isinstance(reply, DnsAnswer) else None, silence))
                case Endpoint():
                    smtp.append(SmtpExchange(one, reply if isinstance(reply, SmtpSession) else None, silence))
                case Url():
                    https.append(HttpsExchange(one, reply if isinstance(reply, HttpsAnswer) else None, silence))
                case Hello():
                    tls.append(HelloExchange(one, reply if isinstance(reply, Flight) else None, silence))
        observation = Observation(
            domain=domain,
            at=at,
            vantage=self._world.vantage,
            options=options,
            dns=tuple(sorted(dns, key=_DNS_ORDER)),
            smtp=tuple(sorted(smtp, key=lambda exchange: exchange.endpoint)),
            https=tuple(sorted(https, key=lambda exchange: (exchange.question.url, exchange.question.limit))),
            tls=tuple(sorted(tls, key=lambda exchange: (exchange.question.endpoint, exchange.question.octets))),
            finished=finished,
        )
        chains = _chains(observation)
        return replace(observation, trust=self._world.trust(chains)) if chains else observation


def _chains(observation: Observation) -> tuple[tuple[bytes, ...], ...]:
    handshakes = [exchange.session.tls for exchange in observation.smtp if exchange.session]
    handshakes += [exchange.answer.tls for exchange in observation.https if exchange.answer]
    return tuple(handshake.chain for handshake in handshakes if handshake and handshake.chain)
