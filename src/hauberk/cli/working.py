"""The options of whatever works in the background, and the settings that they make."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from hauberk.cli import exits

if TYPE_CHECKING:  # imported when a command needs them
    from hauberk.app.work.work_settings import Relay, WorkSettings
    from hauberk.world.live import LiveConfig, LiveWorld

Data: TypeAlias = Annotated[
    Path,
    typer.Option("--data", metavar="FOLDER", envvar="HAUBERK_DATA", help="Where the keys are; every process of a server needs the same."),
]
DATA = Path("hauberk-data")
SigningKey: TypeAlias = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", envvar="HAUBERK_KEY", help="One key (PEM or PKCS#12) for all reports, not one an organisation."),
]
MailRelay: TypeAlias = Annotated[
    str,
    typer.Option(
        "--mail-relay",
        metavar="URL",
        envvar="HAUBERK_MAIL_RELAY",
        help="Who takes alerts: smtp://USER@HOST:587 (STARTTLS), smtps://HOST:465, or smtp+plain://127.0.0.1:25 without TLS.",
    ),
]
MailPasswordFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--mail-password-file", metavar="FILE", help="The relay's password; the variable HAUBERK_MAIL_PASSWORD does as well."),
]
MailFrom: TypeAlias = Annotated[
    str,
    typer.Option("--mail-from", metavar="ADDRESS", envvar="HAUBERK_MAIL_FROM", help="The sender of alerts; by default hauberk@ this host."),
]
BaseUrl: TypeAlias = Annotated[
    str, typer.Option("--url", metavar="URL", envvar="HAUBERK_URL", help="Where people find the pages; links in alerts begin with it.")
]


@dataclass(frozen=True, slots=True)
class MailOptions:
    """As typed."""

    relay: str = ""
    password_file: Path | None = None
    sender: str = ""


def work_settings(
    config: LiveConfig, *, data: Path = DATA, key: Path | None = None, mail: MailOptions | None = None, base_url: str = ""
) -> WorkSettings:
    """The settings that the options ask for. Ends the command with a message when one of them is wrong."""
    from hauberk.app.work.work_settings import WorkSettings

    password = os.environ.get("HAUBERK_KEY_PASSWORD")
    if key is not None:
        from hauberk.cli.signing import load_key

        load_key(key, None)  # better now than at the first report
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        exits.refuse(f"--data {data}: {error.strerror}")
    if base_url and not base_url.startswith(("https://", "http://")):
        exits.refuse(f"--url {base_url[:80]!r} is no http:// or https:// URL")
    return WorkSettings(
        data=data,
        key=key,
        key_password=password.encode() if password else None,
        relay=relay_of(mail or MailOptions()),
        base_url=base_url.rstrip("/"),
        allow=config.allow,
        ca_file=config.ca_file,
    )


def relay_of(mail: MailOptions) -> Relay | None:
    """The relay, or none. Ends the command with a message when it is none that can be used."""
    from socket import getfqdn
    from urllib.parse import unquote, urlsplit

    from hauberk.app.work.channel_setup import mail_address
    from hauberk.app.work.work_settings import Relay, Security
    from hauberk.store.errors import StoreError

    if not mail.relay:
        return None
    schemes = {"smtp": (Security.STARTTLS, 587), "smtps": (Security.TLS, 465), "smtp+plain": (Security.NONE, 25)}
    try:
        parts = urlsplit(mail.relay)
        port = parts.port
    except ValueError as error:
        exits.refuse(f"--mail-relay: {error}")
    if parts.scheme not in schemes or not parts.hostname or parts.path.strip("/") or parts.password is not None:
        exits.refuse(
            "--mail-relay is smtp://, smtps:// or smtp+plain:// with a host; the password goes into a file or HAUBERK_MAIL_PASSWORD"
        )
    security, usual = schemes[parts.scheme]
    host = getfqdn()
    sender = mail.sender or f"hauberk@{host if '.' in host else 'localhost.localdomain'}"
    try:
        address = mail_address(sender)
        password = _password(mail.password_file)
    except StoreError as error:
        exits.refuse(f"--mail-from: {error}")
    except OSError as error:
        exits.refuse(f"--mail-password-file {mail.password_file}: {error.strerror}")
    return Relay(parts.hostname, port or usual, security, address, unquote(parts.username or ""), password)


def world_factory(config: LiveConfig) -> Callable[[], LiveWorld]:
    """A new live world for every use."""
    from hauberk.world.live import LiveWorld

    return lambda: LiveWorld(config)


def _password(file: Path | None) -> str:
    """Raises `OSError`."""
    if file is None:
        return os.environ.get("HAUBERK_MAIL_PASSWORD", "")
    with file.open("rb") as opened:
        return opened.read(4096).decode("utf-8", "replace").strip("\r\n")
