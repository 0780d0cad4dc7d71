"""`hauberk system demo`: the whole mail system on this machine, proved, scanned, reported, and taken down again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hauberk.cli import exits
from hauberk.cli.signing import KeyFile, PasswordFile, Sign, SignRequest
from hauberk.cli.system_prove import Jpg, Png, pictures, tell_measures

if TYPE_CHECKING:
    from hauberk.app.system_demo import Demonstration


def demo(
    out: Annotated[Path, typer.Option("--out", help="The folder that evidence and reports go to.")] = Path("evidence"),
    install: Annotated[bool, typer.Option("--install/--no-install", help="Install Debian's packages that are missing.")] = True,
    mutations: Annotated[
        bool, typer.Option("--mutations", help="Break each setting of the mutation table too: some minutes more.")
    ] = False,
    png: Png = False,
    jpg: Jpg = False,
    sign: Sign = False,
    key: KeyFile = None,
    key_password_file: PasswordFile = None,
) -> None:
    """Run the mail system in five network namespaces (Debian, as root), probe every measure, scan it from outside, write the reports.

    Nothing of it stays: daemons, namespaces and files are removed at the end, after Ctrl-C and after a crash too.
    """
    try:
        from hauberk.app.loop import run
        from hauberk.app.system_demo import Reports, demonstrate
    except ImportError as error:
        exits.refuse(f"the demo needs more than a scan does ({error.name} is missing): run `make server` in the checkout")
    from hauberk.cli.signing import signing_of
    from hauberk.system.stage.commands import StageError
    from hauberk.system.stage.play import ORGANISATION

    signing = signing_of(SignRequest(sign, key, key_password_file), ORGANISATION, ("pdf",))
    wanted = Reports(pictures(png=png, jpg=jpg), signing, _signs(key, key_password_file) if sign else ())
    try:
        done = run(demonstrate(out, lambda line: typer.echo(line, err=True), wanted, may_install=install, mutate=mutations))
    except StageError as error:
        exits.refuse(f"the demo ended early: {error}", exits.INCOMPLETE)
    except OSError as error:
        exits.refuse(f"the demo cannot be run: {error}", exits.INTERNAL)
    _tell(done)
    raise typer.Exit(_code(done))


def _signs(key: Path | None, password_file: Path | None) -> tuple[str, ...]:
    """The same key for the scan, which is a command of its own."""
    named = (("--key", key), ("--key-password-file", password_file))
    return ("--sign", *(word for option, path in named if path for word in (option, str(path.absolute()))))


def _tell(done: "Demonstration") -> None:
    typer.echo(done.scan_said.partition("\nEvery check")[0].rstrip())
    typer.echo("\nMeasures, proved by probes from the internet, the DMZ, the inside and a workstation")
    tell_measures(done.measures)
    laps = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in done.laps.items())
    typer.echo(f"\nTook {sum(done.laps.values()):.1f} s ({laps}); the two hosts had {done.memory / 1e6:.0f} MB of memory.")
    typer.echo("\nWritten:")
    for path in done.written:
        typer.echo(f"  {path}")


def _code(done: "Demonstration") -> int:
    """1 where a measure failed or the scan found something; what the network cannot show (M7, M8) is no failure."""
    failed = any(one.failed for one in done.measures)
    undecided = any(one.inconclusive for one in done.measures)
    return exits.FINDINGS if failed or done.scan_code == exits.FINDINGS else exits.INCOMPLETE if undecided or done.scan_code else exits.FINE
