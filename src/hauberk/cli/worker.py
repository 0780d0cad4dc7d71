"""`hauberk worker`: one more process that works for a server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hauberk.cli.database import DEFAULT, Database, done, with_store
from hauberk.cli.network import Network, Resolver, live_config
from hauberk.cli.working import DATA, BaseUrl, Data, MailFrom, MailOptions, MailPasswordFile, MailRelay, SigningKey

if TYPE_CHECKING:
    from hauberk.app.work.work_settings import WorkSettings
    from hauberk.world.live import LiveConfig


def worker(
    database: Database = DEFAULT,
    data: Data = DATA,
    key: SigningKey = None,
    base_url: BaseUrl = "",
    mail_relay: MailRelay = "",
    mail_password_file: MailPasswordFile = None,
    mail_from: MailFrom = "",
    resolver: Resolver = "",
    network: Network = None,
    helo: Annotated[str, typer.Option("--helo", help="The name to say EHLO with; this machine's own if not given.")] = "",
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="Further trust anchors (PEM or DER).")] = None,
    allow_networks: Annotated[
        list[str] | None, typer.Option("--allow-network", help="A network that scans and webhooks may reach although it is private.")
    ] = None,
) -> None:
    """Scan, report, watch and tell for a server, beside it or on other machines; any number of workers share one PostgreSQL database."""
    with_store()
    from hauberk.cli.working import work_settings

    config = live_config(resolver, network, helo=helo, ca_file=ca_file, allow_networks=tuple(allow_networks or ()))
    mail = MailOptions(mail_relay, mail_password_file, mail_from)
    settings = work_settings(config, data=data, key=key, mail=mail, base_url=base_url)
    done(_work(database, settings, config))


async def _work(database: str, settings: WorkSettings, config: LiveConfig) -> None:
    """Until SIGINT or SIGTERM; a second one ends it at once."""
    import asyncio
    import logging
    import signal

    from hauberk.app.scanning import now
    from hauberk.app.work.worker import Worker
    from hauberk.cli.working import world_factory
    from hauberk.store.store import Store

    logging.getLogger("hauberk").setLevel(min(logging.WARNING, logging.getLogger().level))
    store = await Store.open(database, connections=20)
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def stopped() -> None:
        sys.stderr.write("hauberk: stopping; what does not end soon is given back\n")
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped)
    sys.stderr.write("hauberk: working; Ctrl-C ends it\n")
    try:
        await Worker(store, world_factory(config), settings, now).run(stop)
    finally:
        await store.close()
