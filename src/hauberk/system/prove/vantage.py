"""`python -m hauberk.system.prove.vantage ZONE`: the probes of one vantage, carried out where this process stands.

Reads the targets as JSON from stdin, writes the attempts as JSON to stdout; `--only` takes ids of probes, or beginnings with a final dot.
A probe that waits for the operator says so on stderr, `ready ID`, a line of its own.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from hauberk.system.prove import targets as targets_of
from hauberk.system.prove.catalogue import experiments_at
from hauberk.system.prove.experiment import run_all
from hauberk.system.prove.probe import Attempt, Vantage
from hauberk.system.prove.targets import Targets

_decoder = msgspec.json.Decoder(tuple[Attempt, ...])


def encode(attempts: tuple[Attempt, ...]) -> bytes:
    return msgspec.json.encode(attempts)


def decode(data: bytes) -> tuple[Attempt, ...]:
    """Raises `msgspec.MsgspecError`."""
    return _decoder.decode(data)


async def attempts_at(
    vantage: Vantage, targets: Targets, only: tuple[str, ...], clock: Callable[[], datetime], at_once: int, pause: float = 0.0
) -> tuple[Attempt, ...]:
    """All probes of a vantage, or `only` those; `pause` seconds between two beginnings."""

    async def cue(probe: str) -> None:
        sys.stderr.write(f"ready {probe}\n")
        sys.stderr.flush()

    return await run_all(experiments_at(targets, vantage, only), targets, clock, at_once=at_once, pause=pause, cue=cue)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="hauberk.system.prove.vantage", description="Probes of one vantage; targets on stdin.")
    parser.add_argument("vantage", choices=[one.value for one in Vantage])
    parser.add_argument("--only", default="", help="ids of probes, with commas between")
    parser.add_argument("--at-once", type=int, default=8)
    given = parser.parse_args(arguments)
    try:
        targets = targets_of.decode(sys.stdin.buffer.read())
    except msgspec.MsgspecError as error:
        sys.stderr.write(f"these are no targets: {error}\n")
        return 2
    only = tuple(name for name in given.only.split(",") if name)
    attempts = asyncio.run(attempts_at(Vantage(given.vantage), targets, only, now, given.at_once))
    sys.stdout.buffer.write(encode(attempts) + b"\n")
    return 0


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


if __name__ == "__main__":
    sys.exit(main())
