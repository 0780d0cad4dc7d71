"""`hauberk serve`: the dashboard and the API."""

from pathlib import Path
from typing import Annotated

import typer

from hauberk.cli.database import DEFAULT, Database, with_store
from hauberk.cli.network import Network, Resolver
from hauberk.cli.working import DATA, Data, MailFrom, MailOptions, MailPasswordFile, MailRelay, SigningKey


def serve(
    database: Database = DEFAULT,
    data: Data = DATA,
    host: Annotated[str, typer.Option("--host", envvar="HAUBERK_HOST", help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", envvar="HAUBERK_PORT", min=0, max=65535, help="The port; 0 for any that is free.")] = 8025,
    url: Annotated[
        str, typer.Option("--url", metavar="URL", envvar="HAUBERK_URL", help="Where people reach it, when that is not where it listens.")
    ] = "",
    proxy: Annotated[
        list[str] | None,
        typer.Option("--proxy", metavar="ADDRESS", help="A reverse proxy whose X-Forwarded-For is believed; may be repeated."),
    ] = None,
    tls_certificate: Annotated[Path | None, typer.Option("--tls-certificate", metavar="FILE", help="Serve https: the chain (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="FILE", help="Its private key (PEM).")] = None,
    providers: Annotated[
        Path | None,
        typer.Option("--providers", metavar="FILE", envvar="HAUBERK_PROVIDERS", help="OpenID providers to sign in with (TOML)."),
    ] = None,
    work: Annotated[
        bool | None,
        typer.Option("--work/--no-work", help="Scan and report in this process too. If not said: with SQLite yes, with PostgreSQL no."),
    ] = None,
    key: SigningKey = None,
    mail_relay: MailRelay = "",
    mail_password_file: MailPasswordFile = None,
    mail_from: MailFrom = "",
    resolver: Resolver = "",
    network: Network = None,
    helo: Annotated[str, typer.Option("--helo", help="The name to say EHLO with; this machine's own if not given.")] = "",
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="Further trust anchors (PEM or DER).")] = None,
    allow_network: Annotated[
        list[str] | None, typer.Option("--allow-network", help="A network that scans and webhooks may reach although it is private.")
    ] = None,
) -> None:
    """Serve the dashboard and the API at http://127.0.0.1:8025, with everything kept in ./hauberk.db.

    The first start prints a link for the first administrator.
    """
    with_store()
    from hauberk.cli.database import done
    from hauberk.cli.network import live_config
    from hauberk.cli.serve_run import run_server
    from hauberk.cli.serve_settings import Request

    config = live_config(resolver, network, helo=helo, ca_file=ca_file, allow_networks=tuple(allow_network or ()))
    mail = MailOptions(mail_relay, mail_password_file, mail_from)
    request = Request(database, data, host, port, url, tuple(proxy or ()), tls_certificate, tls_key, providers, work, key, mail)
    done(run_server(request, config))
