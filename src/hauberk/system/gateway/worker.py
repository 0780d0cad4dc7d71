"""A process that looks into messages: bounded in memory, without leave to write files; killed from outside when it takes too long.

On standard input come orders, on standard output go their answers, each as a length (32 bits, network order) and that many octets of
msgpack. The first order is the settings.
"""

import logging
import resource
import struct
import sys
from dataclasses import dataclass
from typing import BinaryIO, Final

import msgspec

from hauberk.system.gateway.config import Attachments, Engine
from hauberk.system.gateway.content import inspect
from hauberk.system.gateway.findings import Finding
from hauberk.system.gateway.yara import BadRules, Yara

LENGTH: Final = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Settings:
    engine: Engine
    attachments: Attachments


@dataclass(frozen=True, slots=True)
class Answer:
    """The findings about one message; `error` (and nothing else counts) where the inspection failed. The first answer has neither."""

    findings: tuple[Finding, ...] = ()
    error: str = ""


def frame(octets: bytes) -> bytes:
    """Octets with their length in front."""
    return LENGTH.pack(len(octets)) + octets


def main() -> None:
    orders, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing that a library prints gets between the answers
    logging.disable(logging.ERROR)
    first = _next(orders)
    if first is None:
        return
    settings = msgspec.msgpack.decode(first, type=Settings)
    _bind(settings.engine.memory_octets)
    try:
        engine = Yara(settings.engine.rules, settings.engine.scan_seconds)
    except (BadRules, OSError) as error:
        _put(answers, Answer(error=str(error)))
        return
    _put(answers, Answer())
    while (message := _next(orders)) is not None:
        try:
            answer = Answer(inspect(message, settings.attachments, engine.scan))
        except Exception as error:  # whatever a hostile file does to a library: no verdict
            answer = Answer(error=f"{type(error).__name__}: {error}"[:500])
        _put(answers, answer)


def _bind(memory: int) -> None:
    """RLIMIT_DATA, not RLIMIT_AS: the rules' compiled code reserves much address space that it never fills."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _next(orders: BinaryIO) -> bytes | None:
    head = orders.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    return orders.read(LENGTH.unpack(head)[0])


def _put(answers: BinaryIO, answer: Answer) -> None:
    answers.write(frame(msgspec.msgpack.encode(answer)))
    answers.flush()


if __name__ == "__main__":
    main()
