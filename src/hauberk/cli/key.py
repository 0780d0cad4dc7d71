"""`hauberk key`: the organisation's key that reports are signed with."""

from pathlib import Path
from typing import Annotated

import typer

from hauberk.cli import exits
from hauberk.cli.signing import KeyFile, PasswordFile, load_key

key = typer.Typer(help="The key that reports are signed with.", no_args_is_help=True)


@key.command()
def create(
    name: Annotated[str, typer.Option("--name", help="The organisation's name, as it stands in the key's certificate.")],
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write it; the user's configuration folder.")] = None,
) -> None:
    """Make a key (ECDSA P-256) and its certificate, in a file that only its owner can read; one that is there is kept.

    The next `scan --sign` makes one too, in the name of the company.
    """
    from hauberk.app.scanning import now
    from hauberk.report.signature import keyfile

    path = out or keyfile.default_path()
    try:
        made = keyfile.create(path, name, now())
    except FileExistsError:
        exits.refuse(f"there is a key already: {path}")
    except OSError as error:
        exits.refuse(f"{path} cannot be written: {error.strerror or error}", exits.INTERNAL)
    typer.echo(f"{path}\n{made.fingerprint}")


@key.command()
def show(
    key: KeyFile = None,
    key_password_file: PasswordFile = None,
    pem: Annotated[bool, typer.Option("--pem", help="Print the certificate, for those who verify: hauberk verify --trust.")] = False,
) -> None:
    """Say whose key it is, its fingerprint and where it lies; the private key is never shown."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from hauberk.report.signature import keyfile
    from hauberk.report.signature.key import grouped
    from hauberk.report.wording import day

    path = key or keyfile.default_path()
    if not path.exists():
        exits.refuse(f"there is no key {path}; `hauberk key create --name NAME` makes one")
    found = load_key(path, key_password_file)
    if pem:
        typer.echo("".join(one.public_bytes(Encoding.PEM).decode() for one in (found.certificate, *found.chain)), nl=False)
        return
    typer.echo(f"name         {found.name}")
    typer.echo(f"fingerprint  {found.fingerprint}")
    typer.echo(f"on reports   {grouped(found.fingerprint)}")
    typer.echo(f"valid until  {day(found.certificate.not_valid_after_utc)}")
    typer.echo(f"file         {path}")
