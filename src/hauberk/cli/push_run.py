"""The running of `hauberk push`."""

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from hauberk.app.loop import run
from hauberk.app.push.evidence import Destination, EvidenceFile, PushError, Receipt, read_evidence
from hauberk.app.push.exchange import Exchange, checked_base
from hauberk.cli import exits
from hauberk.protocols.malformed import visible


def run_push(service: str, base: str, path: Path, day: datetime | None, destination: Callable[[Exchange], Destination]) -> int:
    """Do it; the exit code. The id of what holds the file now goes to stdout."""
    try:
        file = read_evidence(path, day.date() if day else None)
        checked_base(base)
    except PushError as error:
        exits.refuse(str(error))
    try:
        receipt = run(_pushed(service, base, file, destination))
    except PushError as error:
        exits.refuse(str(error), exits.INTERNAL)
    sys.stderr.write(f"hauberk: {visible(file.name)} {visible(receipt.said)}\n")
    sys.stdout.write(f"{visible(receipt.id)}\n")
    return exits.FINE


async def _pushed(service: str, base: str, file: EvidenceFile, destination: Callable[[Exchange], Destination]) -> Receipt:
    async with Exchange(service, base) as exchange:
        return await destination(exchange).push(file)
