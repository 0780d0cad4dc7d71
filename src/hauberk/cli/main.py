"""`hauberk`: the commands, and the one place where an error becomes an exit code.

Modules that a command needs are imported when it runs, so that `--help` comes at once.
"""

import logging
import sys
from typing import Annotated

import typer

from hauberk import __version__
from hauberk.cli import exits
from hauberk.cli.account import account
from hauberk.cli.catalogue import catalogue, explain, new_check
from hauberk.cli.database import backup, restore
from hauberk.cli.judge import judge, whatif
from hauberk.cli.key import key
from hauberk.cli.lab import demo, lab
from hauberk.cli.push import push
from hauberk.cli.scan import scan
from hauberk.cli.serve import serve
from hauberk.cli.server import server
from hauberk.cli.spf import spf
from hauberk.cli.start import STOPPED, is_interrupt, stopped
from hauberk.cli.streams import UNWRITABLE, abandon_output, prepare_streams
from hauberk.cli.system import system
from hauberk.cli.verify import verify
from hauberk.cli.worker import worker

app = typer.Typer(
    name="hauberk",
    help="Mail armour: looks at a domain's mail servers the way the internet does, and proves what it found.",
    epilog="Exit codes: 0 fine, 1 findings at or above --fail-on, 2 usage, 3 incomplete, 4 internal error.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(scan)
app.command()(judge)
app.command()(whatif)
app.command()(verify)
app.add_typer(key, name="key")
app.command()(serve)
app.command()(worker)
app.add_typer(server, name="server")
app.command()(backup)
app.command()(restore)
app.command()(explain)
app.command()(catalogue)
app.add_typer(spf, name="spf")
app.add_typer(push, name="push")
app.command("new-check")(new_check)
app.add_typer(system, name="system")
app.add_typer(account, name="account")
app.command()(demo)
app.command()(lab)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hauberk {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log to stderr what goes on inside, with tracebacks.")] = False,
) -> None:
    """Options that go before the command."""
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.CRITICAL,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )


def run() -> int:
    """A command; the exit code."""
    prepare_streams()
    try:
        app()
    except SystemExit as stop:
        if stop.code == STOPPED:  # what typer makes of Ctrl-C, without a word
            return stopped()
        return stop.code if isinstance(stop.code, int) else exits.USAGE if stop.code else exits.FINE
    except KeyboardInterrupt:
        return stopped()
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    except Exception as error:  # the last line of defence: a clear message, never a traceback
        if is_interrupt(error):
            return stopped()
        if isinstance(error, OSError) and error.errno in UNWRITABLE:
            return abandon_output(error)
        if logging.getLogger().handlers:
            logging.getLogger(__name__).error("internal error", exc_info=error)
        sys.stderr.write(f"hauberk: internal error: {type(error).__name__}: {error}\n")
        sys.stderr.write("Run again with `hauberk --debug ...` for the details.\n")
        return exits.INTERNAL
    return exits.FINE


if __name__ == "__main__":
    sys.exit(run())
