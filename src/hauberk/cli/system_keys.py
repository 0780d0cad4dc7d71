"""`hauberk system keys`: the keys that confidential mail is encrypted to."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from hauberk.cli import exits

if TYPE_CHECKING:
    from hauberk.system.gateway.config import GatewayConfig
    from hauberk.system.gateway.keykeeping import Listed
    from hauberk.system.gateway.keystore import KeyStore

keys = typer.Typer(help="The keys that confidential mail is encrypted to: take in, list, generate, recover.", no_args_is_help=True)
ConfigFile = Annotated[Path, typer.Option("--config", metavar="FILE", help="The gateway's configuration, which names the folder of keys.")]
_CONFIG = Path("/etc/hauberk/gateway.toml")


@keys.command("import")
def take_in(
    files: Annotated[list[Path], typer.Argument(help="OpenPGP keys (armoured or not) or S/MIME certificates (PEM or DER).")],
    config: ConfigFile = _CONFIG,
) -> None:
    """Take in public keys of correspondents and colleagues; the gateway uses them from the next message on."""
    from hauberk.system.gateway import keykeeping
    from hauberk.system.gateway.openpgp import BadKey

    store = _store(_config(config))
    for path in files:
        try:
            taken = keykeeping.take_in(store, _read(path))
        except BadKey as error:
            exits.refuse(f"{path}: {error}")
        except OSError as error:
            _cannot_write(error)
        for one in taken:
            typer.echo(f"{one.kind:8} {one.fingerprint}  {', '.join(one.addresses)}")


@keys.command("list")
def show(config: ConfigFile = _CONFIG) -> None:
    """List all keys with their state; exit code 1 if one is unusable or expires within 30 days."""
    from hauberk.app.scanning import now
    from hauberk.system.gateway import keykeeping
    from hauberk.system.gateway.keykeeping import State

    settings = _config(config)
    found = keykeeping.listed(_store(settings), now(), _authorities(settings))
    for one in found:
        typer.echo(_line(one))
    raise typer.Exit(exits.FINDINGS if any(one.state is not State.USABLE for one in found) else exits.FINE)


@keys.command()
def generate(
    address: Annotated[str, typer.Argument(help="Whose key it is: the mail address.")],
    name: Annotated[str, typer.Option("--name", help="The person's name, as it stands in the key.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the private key goes, under a password, for its owner.")],
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How long it is valid.")] = 730,
    config: ConfigFile = _CONFIG,
) -> None:
    """Make an OpenPGP key: the public part into the folder, the private part for its owner, a copy for the keeper of keys.

    The password is shown once, on standard output. Tell it the owner by another way than the file.
    """
    from hauberk.app.scanning import now
    from hauberk.system.gateway import keykeeping
    from hauberk.system.gateway.openpgp import BadKey

    settings = _config(config)
    escrow, store = settings.escrow, _store(settings)
    if not escrow.keeper:
        exits.refuse("no keeper of keys is declared ([escrow] in the gateway's configuration): a lost key would lose the mail")
    if out.exists():
        exits.refuse(f"{out} is there already")
    password = keykeeping.new_password()
    try:
        at = now()
        keeper = keykeeping.keeper_certificate(_read(Path(escrow.certificate)), at)
        made = keykeeping.generate(name, address, at, days, password, keeper)
    except BadKey as error:
        exits.refuse(str(error))
    copy = Path(escrow.folder) / f"{made.key.fingerprint}.asc"
    try:
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_secret(copy, made.escrow)
        _write_secret(out, made.handover)
        store.add_openpgp(made.key)
    except OSError as error:
        _cannot_write(error)
    typer.echo(f"fingerprint  {made.key.fingerprint}\nprivate key  {out}\npassword     {password}\nkept by      {escrow.keeper} ({copy})")


@keys.command()
def recover(
    copy: Annotated[Path, typer.Argument(help="The keeper's copy (a file of the escrow folder).")],
    keeper_key: Annotated[Path, typer.Option("--keeper-key", metavar="FILE", help="The keeper's private key.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the private key goes, under a new password.")],
    keeper_password_file: Annotated[Path | None, typer.Option("--keeper-password-file", metavar="FILE", help="Its password.")] = None,
) -> None:
    """For the keeper, on the keeper's own machine: open a copy, so that mail of somebody who lost the key or left can be read."""
    from hauberk.system.gateway import keykeeping
    from hauberk.system.gateway.openpgp import BadKey

    if out.exists():
        exits.refuse(f"{out} is there already")
    secret = _read(keeper_password_file).decode("utf-8", "replace").partition("\n")[0] if keeper_password_file else ""
    password = keykeeping.new_password()
    try:
        key, private = keykeeping.recover(_read(copy), _read(keeper_key), secret, password)
        _write_secret(out, private)
    except BadKey as error:
        exits.refuse(str(error))
    except OSError as error:
        _cannot_write(error)
    typer.echo(f"fingerprint  {key.fingerprint}\nof           {', '.join(key.addresses)}\nprivate key  {out}\npassword     {password}")


@keys.command()
def remove(fingerprint: Annotated[str, typer.Argument(help="The whole fingerprint.")], config: ConfigFile = _CONFIG) -> None:
    """Take a public key out of the folder. The keeper's copy of a private key stays."""
    try:
        gone = _store(_config(config)).remove(fingerprint.lower())
    except OSError as error:
        _cannot_write(error)
    if gone is None:
        exits.refuse(f"there is no key {fingerprint}")
    typer.echo(str(gone))


def _line(one: "Listed") -> str:
    until = f"{one.expires:%Y-%m-%d}" if one.expires is not None else "never"
    flaw = f": {one.flaw}" if one.flaw else ""
    valid = f"{', '.join(one.addresses)}  expires {until}  " if one.addresses else ""
    return f"{one.kind:8} {one.fingerprint}  {valid}{one.state}{flaw}"


def _config(path: Path) -> "GatewayConfig":
    from hauberk.system.gateway.service import CannotServe, load

    try:
        return load(path)
    except CannotServe as error:
        exits.refuse(str(error))


def _store(settings: "GatewayConfig") -> "KeyStore":
    from hauberk.system.gateway.keystore import KeyStore

    if not settings.keys.store:
        exits.refuse("the gateway's configuration names no folder of keys ([keys] store)")
    return KeyStore(Path(settings.keys.store))


def _authorities(settings: "GatewayConfig"):
    from cryptography import x509

    if not settings.keys.authorities:
        return ()
    try:
        return tuple(x509.load_pem_x509_certificates(_read(Path(settings.keys.authorities))))
    except ValueError as error:
        exits.refuse(f"{settings.keys.authorities}: {error}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        exits.refuse(f"{path} cannot be read: {error.strerror or error}")


def _write_secret(path: Path, octets: bytes) -> None:
    """A file that only its owner reads, and that was not there before."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(octets)


def _cannot_write(error: OSError) -> NoReturn:
    exits.refuse(f"{error.filename} cannot be written: {error.strerror or error}", exits.INTERNAL)
