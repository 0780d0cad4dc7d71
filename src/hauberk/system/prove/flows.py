"""M5: every flow of the declared matrix is open and every other is closed, tried from all four zones.

A connection that is reset reached its host: the firewall let it through, although nothing listens there. Only silence, or a firewall that
says that it is prohibited, is closed.
"""

import asyncio
import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from hauberk.system.prove.experiment import Carry, Experiment, Scene
from hauberk.system.prove.probe import Finding, Measure, Probe, Vantage, failed, inconclusive, passed
from hauberk.system.prove.targets import Flow, Targets

PORTS = tuple(
    int(port)
    for port in (
        "21 22 23 24 25 53 80 110 111 139 143 389 443 445 465 587 636 993 995 1433 2525 3306 3310 3389 4190 5432 5900 6379 8080 8443 8891"
        " 8953 9090 10024 10025 10026 11211 11332 11333 11334 11400 12345"
    ).split()
)
_UDP = (53, 123, 161, 514)
_WAIT = 1.6  # seconds; the kernel says SYN again after one
_SOURCE = "Recommendation M5"
_QUERY = bytes.fromhex("4842010000010000000000000000020001")  # the NS records of the root


class Answer(StrEnum):
    CONNECTED = "connected"
    RESET = "reset"  # the host itself said no
    PROHIBITED = "prohibited"  # somebody on the way said no
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Tried:
    address: str
    protocol: str
    port: int
    answer: Answer

    def __str__(self) -> str:
        return f"{self.protocol}/{self.port} of {self.address}: {self.answer}"


def experiments(targets: Targets) -> Iterator[Experiment]:
    for source in Vantage:
        for zone in targets.zones:
            if zone.vantage is source or not zone.addresses:
                continue
            pair = f"{source}-{zone.vantage}"
            wanted = tuple(flow for flow in targets.flows if (flow.source, flow.destination) == (source, zone.vantage))
            if wanted:
                named = ", ".join(f"{flow.protocol}/{flow.port}" for flow in wanted)
                probe = Probe(f"m5.open.{pair}", Measure.M5, source, f"from {source} to {zone.vantage} these are open: {named}", _SOURCE)
                yield Experiment(probe, _try_open(wanted, zone.addresses, zone.vantage is Vantage.INTERNET))
            what = f"from {source} to {zone.vantage} everything else is closed"
            either = tuple(flow for flow in targets.administration if (flow.source, flow.destination) == (source, zone.vantage))
            probe = Probe(f"m5.closed.{pair}", Measure.M5, source, what, _SOURCE)
            yield Experiment(probe, _try_closed((*wanted, *either), zone.addresses))


def _try_open(flows: tuple[Flow, ...], addresses: tuple[str, ...], beyond: bool) -> Carry:
    """`beyond`: what listens out there is not ours, so that a reset is open enough."""
    good = (Answer.CONNECTED, Answer.RESET) if beyond else (Answer.CONNECTED,)

    async def carry(scene: Scene) -> Finding:
        tried = await _all([(address, flow.protocol, flow.port) for address in addresses for flow in flows])
        for one in tried:
            scene.record.note(str(one))
        shut = [one for one in tried if one.answer not in good]
        return failed(f"not open: {'; '.join(map(str, shut))}") if shut else passed(f"{len(tried)} of {len(tried)} open")

    return carry


def _try_closed(flows: tuple[Flow, ...], addresses: tuple[str, ...]) -> Carry:
    async def carry(scene: Scene) -> Finding:
        opened = {(flow.protocol, flow.port) for flow in flows}
        kinds = [("tcp", port) for port in PORTS] + [("udp", port) for port in _UDP]
        tried = await _all([(address, *kind) for address in addresses for kind in kinds if kind not in opened])
        for one in tried:
            scene.record.note(str(one))
        if not tried:
            return inconclusive("there was nothing to try")
        leaks = [one for one in tried if one.answer in (Answer.CONNECTED, Answer.RESET)]
        return failed(f"reached: {'; '.join(map(str, leaks[:8]))}") if leaks else passed(f"{len(tried)} of {len(tried)} closed")

    return carry


async def _all(wanted: list[tuple[str, str, int]]) -> list[Tried]:
    answers = await asyncio.gather(*((_tcp if protocol == "tcp" else _udp)(address, port) for address, protocol, port in wanted))
    return [Tried(*one, answer) for one, answer in zip(wanted, answers, strict=True)]


async def _tcp(address: str, port: int) -> Answer:
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(address, port), _WAIT)
    except TimeoutError:
        return Answer.SILENT
    except ConnectionRefusedError:
        return Answer.RESET
    except OSError as error:
        return Answer.PROHIBITED if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM) else Answer.SILENT
    writer.close()
    return Answer.CONNECTED


async def _udp(address: str, port: int) -> Answer:
    """A DNS question, whatever the port: an answer is a connection, a port that is unreachable was reached."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.setblocking(False)
        try:
            channel.connect((address, port))
            await loop.sock_sendall(channel, _QUERY)
            await asyncio.wait_for(loop.sock_recv(channel, 4096), _WAIT)
        except TimeoutError:
            return Answer.SILENT
        except ConnectionRefusedError:
            return Answer.RESET
        except OSError:
            return Answer.PROHIBITED
    return Answer.CONNECTED
