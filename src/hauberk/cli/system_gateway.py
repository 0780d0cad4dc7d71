"""`hauberk system gateway`: the content gateway in the foreground, as a service manager runs it."""

from pathlib import Path
from typing import Annotated

import typer

from hauberk.cli import exits


def gateway(
    config: Annotated[Path, typer.Argument(help="The gateway's configuration.")] = Path("/etc/hauberk/gateway.toml"),
    check: Annotated[bool, typer.Option("--check", help="Read the configuration, compile the rules, and end.")] = False,
) -> None:
    """Run the content gateway (a milter for Postfix) until it is told to end; SIGHUP reads the configuration again."""
    import asyncio

    from hauberk.system.gateway.service import CannotServe, check_config, serve

    try:
        if check:
            typer.echo(check_config(config))
        else:
            asyncio.run(serve(config))
    except CannotServe as error:
        exits.refuse(str(error))
