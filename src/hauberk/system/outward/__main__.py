"""`python -m hauberk.system.outward`: tell Postfix on this machine which domains have an MTA-STS policy."""

import argparse
import asyncio
import signal
import sys
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_network
from pathlib import Path

from hauberk.system import ports
from hauberk.system.outward.policies import Policies
from hauberk.system.outward.server import answer
from hauberk.world.live import LiveConfig


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="hauberk.system.outward", description="Answer Postfix about MTA-STS policies.")
    parser.add_argument("--port", type=int, default=ports.MTA_STS, help="on 127.0.0.1")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep policies here over restarts")
    parser.add_argument("--resolver", default="127.0.0.1", help="a validating resolver")
    parser.add_argument("--authorities", type=Path, metavar="FILE", help="certificates (PEM) to believe besides the system's")
    parser.add_argument(
        "--allow", type=ip_network, action="append", default=[], metavar="NETWORK", help="private or test addresses to dial"
    )
    return parser.parse_args()


async def _serve(given: argparse.Namespace) -> None:
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    config = LiveConfig(resolver=given.resolver, ca_file=given.authorities, allow=tuple(given.allow))
    policies = Policies(config, lambda: datetime.now(UTC), given.keep)
    server = await asyncio.start_server(partial(answer, entry=policies.entry), "127.0.0.1", given.port, limit=4096)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with server:
        await stopped.wait()


def main() -> int:
    try:
        asyncio.run(_serve(_arguments()))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"hauberk outward: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
