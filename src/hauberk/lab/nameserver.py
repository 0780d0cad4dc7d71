"""Name servers of the lab: a validating resolver, authoritative servers, and resolvers that lie, over UDP and TCP on loopback."""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from enum import StrEnum
from typing import TypeAlias, cast

from hauberk.lab.messages import AA, AD, RA, Query, Reply, parse_query, render_reply
from hauberk.lab.zones import Fault, Found, Status, Zones
from hauberk.model.dns import Record

Responder: TypeAlias = Callable[[Query], Reply | bytes | None]
"""What a server says to a query: a reply, octets that are none, or nothing at all."""

_BOGUS, _NO_REACHABLE_AUTHORITY, _PROHIBITED = 6, 22, 18  # RFC 8914
_BUFFER = 4 << 20
_READS_A_WAKE = 64
_REMEMBERED = 65_536


class Resolver:
    """Answers as a validating resolver would: SERVFAIL for what is bogus unless CD is set, AD for what is secure if the client knows AD."""

    def __init__(self, zones: Zones) -> None:
        self._zones = zones

    def __call__(self, query: Query) -> Reply | None:
        if not query.recursion_desired:
            return Reply("REFUSED", flags=RA, extended_error=_PROHIBITED)
        found = self._zones.find(query.name, query.type)
        if found.fault is Fault.SILENT:
            return None
        if found.fault:
            return Reply("SERVFAIL", flags=RA, extended_error=_NO_REACHABLE_AUTHORITY)
        if found.status is Status.BOGUS and not query.checking_disabled:
            return Reply("SERVFAIL", flags=RA, extended_error=_BOGUS)
        secure = found.status is Status.SECURE and query.wants_ad and not query.checking_disabled
        return Reply(found.rcode, found.answer, found.authority, RA | (AD if secure else 0))


class Authority:
    """The authoritative server at one address; lame (REFUSED) for zones that it does not hold."""

    def __init__(self, zones: Zones, address: str) -> None:
        self._zones = zones
        self._address = address

    def __call__(self, query: Query) -> Reply | None:
        zone = self._zones.held_by(self._address, query.name)
        if zone is None:
            return Reply("REFUSED", extended_error=_PROHIBITED)
        step = zone.look(query.name, query.type)
        negative = step.rcode == "NXDOMAIN" or not step.records
        return Reply(step.rcode, step.records, zone.soa if negative else (), AA)


class Lie(StrEnum):
    """How a resolver of the lab misbehaves."""

    NOT_VALIDATING = "not-validating"  # never AD, and bogus data is handed out
    ALWAYS_AD = "always-ad"  # AD on everything, bogus data included
    REDIRECTING = "redirecting"  # names that do not exist lead to an advertiser
    SERVFAIL = "servfail"
    REFUSING = "refusing"
    SILENT = "silent"
    GARBAGE = "garbage"
    WRONG_QUESTION = "wrong-question"  # answers what was not asked
    RARE_TYPES_REFUSED = "rare-types-refused"  # a home router that answers TLSA, CAA and the like with FORMERR


def liar(lie: Lie, zones: Zones) -> Responder:
    """The responder that tells a lie about zones."""

    def believing(query: Query) -> Found:
        return zones.find(query.name, query.type)

    def respond(query: Query) -> Reply | bytes | None:
        match lie:
            case Lie.SILENT:
                return None
            case Lie.SERVFAIL:
                return Reply("SERVFAIL", flags=RA)
            case Lie.REFUSING:
                return Reply("REFUSED", flags=RA)
            case Lie.GARBAGE:
                return os.urandom(60)
            case Lie.WRONG_QUESTION:
                other = Query(query.id, query.flags, "other.example", "A", b"\5other\7example\0\0\1\0\1", query.payload)
                return render_reply(other, Reply("NOERROR", (Record(other.name, "A", 60, "192.0.2.99"),), flags=RA), stream=False)
            case Lie.RARE_TYPES_REFUSED if query.type not in ("A", "AAAA", "MX", "TXT", "NS", "SOA", "PTR", "CNAME"):
                return Reply("FORMERR", flags=RA)
            case _:
                pass
        found = believing(query)
        if found.fault:
            return None if found.fault is Fault.SILENT else Reply("SERVFAIL", flags=RA)
        if lie is Lie.REDIRECTING and found.rcode == "NXDOMAIN" and query.type == "A":
            return Reply("NOERROR", (Record(query.name, "A", 60, "192.0.2.99"),), flags=RA)
        return Reply(found.rcode, found.answer, found.authority, RA | (AD if lie is Lie.ALWAYS_AD else 0))

    return respond


class NameServer:
    """One responder on one loopback port, UDP and TCP. Use as an async context manager; `port` is known once it is entered.

    Replies are remembered by the octets of the query, so that the zones must not change behind its back: call `forget`.
    """

    def __init__(self, responder: Responder) -> None:
        self.port = 0
        self.queries = 0
        self._responder = responder
        self._remembered: dict[tuple[bytes, bool], bytes | None] = {}
        self._udp: socket.socket | None = None
        self._tcp: asyncio.Server | None = None
        self.open: set[asyncio.WriteTransport] = set()

    def forget(self) -> None:
        self._remembered.clear()

    async def __aenter__(self) -> "NameServer":
        loop = asyncio.get_running_loop()
        udp, tcp = _bind()
        udp.setblocking(False)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.port = udp.getsockname()[1]
        self._udp = udp
        self._tcp = await loop.create_server(lambda: _TcpConnection(self), sock=tcp)
        loop.add_reader(udp, self._read, udp)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._udp:
            asyncio.get_running_loop().remove_reader(self._udp)
            self._udp.close()
        if self._tcp:
            self._tcp.close()
        for transport in tuple(self.open):
            transport.abort()

    def reply(self, message: bytes, *, stream: bool) -> bytes | None:
        """The octets to send back; None for silence."""
        self.queries += 1
        key = (message[2:], stream)
        if key in self._remembered:
            known = self._remembered[key]
            return None if known is None else message[:2] + known
        reply = self._work_out(message, stream=stream)
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = None if reply is None else reply[2:]
        return reply

    def _work_out(self, message: bytes, *, stream: bool) -> bytes | None:
        query = parse_query(message)
        if query is None:
            return None if len(message) < 12 or message[2] & 0x80 else message[:2] + b"\x80\x01" + bytes(8)
        reply = self._responder(query)
        return render_reply(query, reply, stream=stream) if isinstance(reply, Reply) else reply

    def _read(self, udp: socket.socket) -> None:
        receive, send = udp.recvfrom, udp.sendto
        for _ in range(_READS_A_WAKE):
            try:
                message, client = receive(4096)
            except OSError:
                return
            if reply := self.reply(message, stream=False):
                try:
                    send(reply, client)
                except OSError:
                    continue  # the client's buffer is full or its socket gone; UDP may lose messages


def _bind() -> tuple[socket.socket, socket.socket]:
    """Sockets for UDP and TCP on one free loopback port."""
    for _ in range(20):
        tcp = socket.create_server(("127.0.0.1", 0))
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
        else:
            return udp, tcp
    raise OSError("no port is free for both UDP and TCP")


class _TcpConnection(asyncio.Protocol):
    """Messages with a two-octet length before each (RFC 7766)."""

    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is one in all but its bases

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= 2 and len(self._received) >= 2 + (length := int.from_bytes(self._received[:2])):
            message, self._received = self._received[2 : 2 + length], self._received[2 + length :]
            reply = self._server.reply(message, stream=True)
            if reply and self._transport:
                self._transport.write(struct.pack("!H", len(reply)) + reply)
