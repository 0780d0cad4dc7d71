"""The options that say where to look from, and the live world they make."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from hauberk.cli import exits

if TYPE_CHECKING:  # the world is imported when a command needs it
    from hauberk.world.live import LiveConfig, LiveWorld
    from hauberk.world.vrps import VrpTable

Resolver: TypeAlias = Annotated[
    str, typer.Option("--resolver", metavar="URL", help="udp://, tcp://, tls:// or https:// resolver; the system's if not given.")
]
Network: TypeAlias = Annotated[
    Path | None, typer.Option("--network", metavar="FILE", help="A lab's network file (see `hauberk lab`): scan the lab, not the internet.")
]


def live_config(
    resolver: str,
    network: Path | None,
    *,
    helo: str = "",
    ca_file: Path | None = None,
    allow_networks: tuple[str, ...] = (),
    vrps: VrpTable | None = None,
) -> LiveConfig:
    """The live world that the options ask for. Ends the command with a message when one of them is wrong."""
    from ipaddress import ip_network

    from hauberk.protocols.malformed import Malformed, visible
    from hauberk.protocols.names import parse_helo
    from hauberk.world.dns.resolver import parse_resolver
    from hauberk.world.live import LiveConfig
    from hauberk.world.trust import holds_certificates

    if resolver:
        parsed = parse_resolver(resolver)
        if isinstance(parsed, Malformed):
            exits.refuse(f"--resolver {resolver[:120]!r}: {parsed.reason}")
        resolver = resolver if "://" in resolver else f"udp://[{resolver}]" if ":" in resolver else f"udp://{resolver}"
    name = parse_helo(helo) if helo else helo
    if isinstance(name, Malformed):
        exits.refuse(f"--helo '{visible(helo[:80])}' is no name to say EHLO with: {name.reason}")
    try:
        allowed = tuple(ip_network(text, strict=False) for text in allow_networks)
    except ValueError as error:
        exits.refuse(f"--allow-network: {error}")
    if ca_file is not None and not ca_file.is_file():
        exits.refuse(f"--ca-file {ca_file}: there is no such file")
    if ca_file is not None and not holds_certificates(ca_file):
        exits.refuse(f"--ca-file {ca_file}: there is no certificate in it (PEM or DER)")
    if network is None:
        return LiveConfig(resolver=resolver or None, helo=name, allow=allowed, ca_file=ca_file, vrps=vrps)
    from msgspec import DecodeError

    from hauberk.lab.internet import LAB_HELO, read_directions

    try:
        lab = read_directions(network)
    except OSError as error:
        hint = "; `hauberk lab` makes it once it runs" if isinstance(error, FileNotFoundError) else ""
        exits.refuse(f"--network {network}: {error.strerror}{hint}")
    except DecodeError as error:
        exits.refuse(f"--network {network} is no network file: {error}")
    return LiveConfig(
        resolver=resolver or lab.resolver,
        helo=name or LAB_HELO,
        allow=allowed,
        routes={(route.address, route.port): (route.to_address, route.to_port) for route in lab.routes},
        ca_file=ca_file or Path(lab.ca_file),
        vrps=vrps,
    )


@asynccontextmanager
async def live_world(config: LiveConfig) -> AsyncGenerator[LiveWorld]:
    """The world for the length of a command; a resolver that cannot be had ends it with a message."""
    from hauberk.world.dns.resolver import NoResolver
    from hauberk.world.live import LiveWorld

    world = LiveWorld(config)
    try:
        entered = await world.__aenter__()
    except ValueError as error:
        exits.refuse(str(error))
    except (NoResolver, OSError) as error:
        exits.refuse(f"the resolver cannot be used: {error}", exits.INCOMPLETE)
    try:
        yield entered
    finally:
        await world.__aexit__(None, None, None)
