"""The world as it is: DNS, mail servers and web servers over the network, each question asked once in a run."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import UNSET

from hauberk import __version__
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Silence
from hauberk.model.observation import TrustStore, Vantage
from hauberk.model.routing import Coverage
from hauberk.model.transport import Endpoint, Hello, Trial, TrialMatter, Url
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.names import parse_helo
from hauberk.protocols.walk import Ask, Reply
from hauberk.world.dial import Dialer, Place
from hauberk.world.dialogue import SmtpPatience
from hauberk.world.dns.choice import first_answering
from hauberk.world.dns.client import DnsClient
from hauberk.world.dns.resolver import is_trusted, system_resolvers
from hauberk.world.guard import AddressGuard
from hauberk.world.guestbook import Guestbook
from hauberk.world.hello import say_hello
from hauberk.world.https import HttpsPatience, get
from hauberk.world.politeness import Manners, Politeness
from hauberk.world.recorded import Ready
from hauberk.world.relay import try_relaying
from hauberk.world.renegotiation import try_renegotiation
from hauberk.world.smtp import converse
from hauberk.world.trial import try_out
from hauberk.world.trust import TrustAnchors, platform_source
from hauberk.world.vantage import find_reach, own_helo
from hauberk.world.vrps import VrpTable

_TRIALS = {TrialMatter.COMMANDS: try_out, TrialMatter.RENEGOTIATION: try_renegotiation, TrialMatter.RELAYING: try_relaying}
_NO_VRPS = NoAnswer(Silence.NOT_ASKED, "no validated ROA payloads are at hand")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveConfig:
    """How to look at the world.

    `resolver` is a URL, None for the first of the system's that answers; `helo` empty for this machine's own name; `allow` opens
    networks that the address guard refuses; `routes` maps (address, port) to where it really is, TCP and DNS alike (the lab), and such
    places are allowed; `ca_file` adds anchors to the platform's. `ipv4`, `ipv6`: None to find out. `connect` and `dns` are time-outs in
    seconds. `vrps` are the validated payloads of RPKI.
    """

    resolver: str | None = None
    helo: str = ""
    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    routes: Mapping[Place, Place] = field(default_factory=dict[Place, Place])
    ca_file: Path | None = None
    ipv4: bool | None = None
    ipv6: bool | None = None
    manners: Manners = field(default_factory=Manners)
    connect: float = 10.0
    dns: float = 7.0
    smtp: SmtpPatience = field(default_factory=SmtpPatience)
    https: HttpsPatience = field(default_factory=HttpsPatience)
    vrps: VrpTable | None = None


class LiveWorld:
    """Use as `async with LiveWorld(config) as world`; leaving ends what is still under way.

    Entering raises `NoResolver` when no resolver is given and the system names none, `ValueError` for a resolver that is no URL or
    a `helo` that is neither a host name nor an address literal.
    """

    def __init__(self, config: LiveConfig | None = None) -> None:
        self._config = config or LiveConfig()
        self._guard = AddressGuard(self._config.allow)
        self._guestbook = Guestbook(self._config.manners)
        self._anchors = TrustAnchors(platform_source(), self._config.ca_file)
        self._under_way: dict[Endpoint | Url | Hello | Trial, asyncio.Task[Reply]] = {}
        self._stack = AsyncExitStack()
        self._client: DnsClient
        self._dialer: Dialer
        self._vantage: Vantage

    async def __aenter__(self) -> Self:
        config = self._config
        self._vantage = _vantage(config, config.resolver or await first_answering(system_resolvers()))
        self._dialer = Dialer(
            self._guard,
            Politeness(config.manners),
            config.routes,
            time_out=config.connect,
            ipv4=self._vantage.ipv4,
            ipv6=self._vantage.ipv6,
        )
        self._client = await self._stack.enter_async_context(
            DnsClient(self._vantage.resolver, timeout=config.dns, allowed=self._may_ask, place=self._placed)
        )
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        tasks = tuple(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._under_way.clear()
        await self._stack.aclose()

    @property
    def vantage(self) -> Vantage:
        return self._vantage

    def ask(self, question: Ask, /) -> Awaitable[Reply]:
        if isinstance(question, Question):
            return self._client.ask(question)
        if isinstance(question, Coverage):
            table = self._config.vrps
            return Ready(table.covering(question.address) if table else _NO_VRPS)
        task = self._under_way.get(question)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._connect(question))
            self._under_way[question] = task
        # Who gives up waiting must not take the answer from the others.
        return asyncio.shield(task)

    def trust(self, chains: tuple[tuple[bytes, ...], ...], /) -> TrustStore:
        return self._anchors.leading_from(chains)

    async def _connect(self, question: Endpoint | Url | Hello | Trial) -> Reply:
        try:
            if isinstance(question, Endpoint):
                return await converse(self._dialer, question, self._vantage.helo, self._config.smtp)
            if isinstance(question, Hello):
                return await self._say_hello(question)
            if isinstance(question, Trial):
                return await _TRIALS[question.matter](self._dialer, question, self._vantage.helo, self._config.smtp)
            return await get(self._dialer, question, self._resolve, self._config.https)
        except Exception as error:  # a bug of ours must cost one answer, not the scan
            _log.exception("asking %s crashed", question)
            return NoAnswer(Silence.NOT_ASKED, f"the scanner itself failed ({type(error).__name__})")

    async def _say_hello(self, hello: Hello) -> Reply:
        place = (hello.endpoint.address, hello.endpoint.port)
        return await self._guestbook.visit(place, lambda: say_hello(self._dialer, hello, self._vantage.helo, self._config.smtp))

    async def _resolve(self, host: str) -> tuple[str, ...] | NoAnswer:
        """IPv6 first, as RFC 6724 orders; a family that this machine lacks comes last and is refused there with its reason."""
        answers = await asyncio.gather(self._client.ask(Question(host, "AAAA")), self._client.ask(Question(host, "A")))
        addresses = tuple(
            record.data for answer in answers if isinstance(answer, DnsAnswer) for record in answer.records if record.type in ("A", "AAAA")
        )
        if addresses:
            return addresses if self._vantage.ipv6 else tuple(sorted(addresses, key=lambda address: ":" in address))
        for answer in answers:
            if isinstance(answer, NoAnswer):
                return NoAnswer(answer.reason, f"the address of {host}: {answer.detail}")
            if answer.rcode not in ("NOERROR", "NXDOMAIN"):
                return NoAnswer(Silence.UNREACHABLE, f"the address of {host} could not be looked up ({answer.rcode})")
        return NoAnswer(Silence.UNREACHABLE, f"{host} has no address")

    def _may_ask(self, server: str) -> bool:
        return (server, 53) in self._config.routes or not self._guard.objection(server)

    def _placed(self, address: str, port: int) -> Place:
        return self._config.routes.get((address, port), (address, port))


def _vantage(config: LiveConfig, resolver: str) -> Vantage:
    reach = find_reach()
    helo = parse_helo(config.helo or own_helo(reach, socket.gethostname()))
    if isinstance(helo, Malformed):
        raise ValueError(f"'{visible(helo.text[:80])}' is no name to say EHLO with: {helo.reason}")
    routed = {":" in address for address, _ in config.routes}
    return Vantage(
        program=f"hauberk {__version__}",
        resolver=resolver,
        resolver_trusted=is_trusted(resolver),
        helo=helo,
        ipv4=bool(reach.ipv4) or False in routed if config.ipv4 is None else config.ipv4,
        ipv6=bool(reach.ipv6) or True in routed if config.ipv6 is None else config.ipv6,
        vrps=config.vrps.source if config.vrps else UNSET,
    )
