"""`hauberk spf check`: what a receiver would say of one message."""

from typing import Annotated

import typer

from hauberk.cli import exits
from hauberk.cli.network import Network, Resolver

spf = typer.Typer(help="Sender Policy Framework.", no_args_is_help=True, rich_markup_mode=None)


@spf.callback()
def group() -> None:
    """Sender Policy Framework (RFC 7208)."""


@spf.command()
def check(
    ip: Annotated[str, typer.Option("--ip", help="The address that the message comes from.")],
    mail_from: Annotated[str, typer.Option("--mail-from", help="The envelope sender (MAIL FROM); empty for bounces.")] = "",
    helo: Annotated[str, typer.Option("--helo", help="The name given with HELO or EHLO.")] = "",
    resolver: Resolver = "",
    network: Network = None,
) -> None:
    """Evaluate SPF for an address, a sender and a HELO name (RFC 7208, check_host), with every step shown."""
    from ipaddress import ip_address

    from hauberk.app.loop import run
    from hauberk.cli.network import live_config
    from hauberk.cli.spf_check import show_check

    try:
        address = ip_address(ip)
    except ValueError:
        exits.refuse(f"{ip!r} is no IP address")
    if not mail_from and not helo:
        exits.refuse("give --mail-from or --helo (or both)")
    raise typer.Exit(run(show_check(live_config(resolver, network), address, mail_from, helo)))
