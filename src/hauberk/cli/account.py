"""`hauberk account`: who has a mailbox, in which state, by which names. Runs on the MDA."""

import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

import typer

from hauberk.cli import exits

if TYPE_CHECKING:
    from hauberk.app.accounts import Accounts, Site
    from hauberk.system.accounts.account import Account, State

T = TypeVar("T")

account = typer.Typer(help="The mail accounts: open on arrival, suspend, close on departure.", no_args_is_help=True)

DeclarationFile: TypeAlias = Annotated[
    Path, typer.Option("--declaration", "-d", envvar="HAUBERK_DECLARATION", metavar="FILE", help="The declaration of the mail system.")
]
Root: TypeAlias = Annotated[
    str, typer.Option("--root", metavar="FOLDER", help="Both hosts lie in this folder, as mta and mda, instead of where Debian has them.")
]
DEFAULT = Path("/etc/hauberk/mail.toml")
Login: TypeAlias = Annotated[str, typer.Argument(metavar="LOGIN", help="The main address of the account.")]
PasswordFile: TypeAlias = Annotated[
    Path | None, typer.Option("--password-file", metavar="FILE", help="The password, on the first line; - is standard input.")
]


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


@account.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option("--name", help="Whose it is.")] = "",
    password_file: PasswordFile = None,
    declaration: DeclarationFile = DEFAULT,
    root: Root = "",
) -> None:
    """Open an account. Without --password-file it receives mail; its owner gets a password or app passwords later."""
    given = _password(password_file) if password_file else None
    typer.echo(_done(declaration, root, lambda all: all.add(login, name, given)))


@account.command()
def password(login: Login, password_file: PasswordFile = None, declaration: DeclarationFile = DEFAULT, root: Root = "") -> None:
    """Set the password; sessions that are open end."""
    _done(declaration, root, lambda all: all.set_password(login, _password(password_file)))


@account.command()
def alias(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The alias.")],
    target: Annotated[str, typer.Argument(metavar="LOGIN", help="The account that it leads to.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take the alias away.")] = False,
    outside: Annotated[
        bool, typer.Option("--outside", help="The target is not ours: mail is forwarded, if the declaration allows it.")
    ] = False,
    declaration: DeclarationFile = DEFAULT,
    root: Root = "",
) -> None:
    """Let mail for an address go to an account; its owner may write as that address."""
    _done(declaration, root, lambda all: all.remove_alias(address, target) if remove else all.add_alias(address, target, outside=outside))


@account.command("app-password")
def app_password(
    login: Login,
    label: Annotated[str, typer.Argument(metavar="LABEL", help="The program or device that it is for.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take it away; sessions that are open end.")] = False,
    declaration: DeclarationFile = DEFAULT,
    root: Root = "",
) -> None:
    """Make a password for one program, and print it, this once."""
    if remove:
        _done(declaration, root, lambda all: all.remove_app_password(login, label))
    else:
        typer.echo(_done(declaration, root, lambda all: all.add_app_password(login, label)))


@account.command()
def grant(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An address of ours.")],
    login: Login,
    declaration: DeclarationFile = DEFAULT,
    root: Root = "",
) -> None:
    """Let an account write as an address that does not lead to it."""
    _done(declaration, root, lambda all: all.grant(address, login))


@account.command()
def suspend(login: Login, declaration: DeclarationFile = DEFAULT, root: Root = "") -> None:
    """It goes on receiving; nobody logs in or sends with it, and sessions that are open end."""
    from hauberk.system.accounts.account import State

    _change(login, State.SUSPENDED, declaration, root)


@account.command()
def activate(login: Login, declaration: DeclarationFile = DEFAULT, root: Root = "") -> None:
    """Everything works again. After a deactivation a new password has to be set."""
    from hauberk.system.accounts.account import State

    _change(login, State.ACTIVE, declaration, root)


@account.command()
def deactivate(login: Login, declaration: DeclarationFile = DEFAULT, root: Root = "") -> None:
    """Somebody has left: no login, no sending, no receiving, by no address; the passwords are gone. The mailbox stays."""
    from hauberk.system.accounts.account import State

    _change(login, State.DEACTIVATED, declaration, root)


@account.command("list")
def list_accounts(
    format: Annotated[Format, typer.Option("--format", "-f", help="What to print.")] = Format.TEXT,
    declaration: DeclarationFile = DEFAULT,
    root: Root = "",
) -> None:
    """All accounts with their states, aliases and the labels of their app passwords."""
    found = _done(declaration, root, lambda all: all.accounts())
    if format is Format.JSON:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=1))
        return
    for one in found:
        typer.echo(_line(one))


@account.command()
def push(declaration: DeclarationFile = DEFAULT, root: Root = "") -> None:
    """Bring the MTA's copy of the recipients up to date, after it could not be reached."""
    _done(declaration, root, lambda all: all.push())


def _line(one: "Account") -> str:
    more = [f"{len(one.app_passwords)} app passwords: {', '.join(one.app_passwords)}"] if one.app_passwords else []
    more += [f"aliases: {', '.join(one.aliases)}"] if one.aliases else []
    more += [] if one.has_password or one.app_passwords else ["no password"]
    return f"{one.login:<32} {one.state.value:<12} since {one.since:%Y-%m-%d}  {one.name}{'; '.join(('', *more))}"


def _change(login: str, state: "State", declaration: Path, root: str) -> None:
    if not _done(declaration, root, lambda all: all.set_state(login, state)):
        typer.echo(f"{login} was {state.value} already", err=True)


def _password(file: Path | None) -> str:
    if file is None:
        if not sys.stdin.isatty():
            exits.refuse("no password: give --password-file, - for standard input")
        return typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    try:
        text = sys.stdin.readline() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        exits.refuse(f"--password-file {file}: {error}")
    return text.partition("\n")[0].rstrip("\r")


def _done(file: Path, root: str, work: "Callable[[Accounts], Awaitable[T]]") -> T:
    """Run it; code 2 where nothing was changed because of what was asked, 3 where a server was not told or may be asked again later."""
    from hauberk.cli.database import with_store

    with_store()
    from hauberk.app.accounts import accounts_of
    from hauberk.app.loop import run
    from hauberk.app.scanning import now
    from hauberk.store.errors import StoreError
    from hauberk.system.accounts.effects import EffectError

    where = _site(file, root)

    async def inside() -> T:
        async with accounts_of(where, now) as all:
            return await work(all)

    try:
        return run(inside())
    except StoreError as error:
        exits.refuse(str(error), exits.INCOMPLETE if error.may_pass else exits.USAGE)
    except EffectError as error:
        exits.refuse(f"the directory has changed, but {error}. Mend that, then: hauberk account push", exits.INCOMPLETE)


def _site(file: Path, root: str) -> "Site":
    from hauberk.app.accounts import site
    from hauberk.store.errors import StoreError
    from hauberk.system.declaration import Declaration
    from hauberk.system.declaration_reading import read

    try:
        found = read(file.read_text("utf-8-sig"), str(file))
        if not isinstance(found, Declaration):
            exits.refuse("\n".join(str(flaw) for flaw in found))
        return site(found, root)
    except (OSError, UnicodeDecodeError) as error:
        exits.refuse(f"{file} cannot be read: {error.strerror if isinstance(error, OSError) else error}")
    except StoreError as error:
        exits.refuse(f"{file}: accounts: {error}")
