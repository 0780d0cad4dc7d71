"""`hauberk judge` and `hauberk whatif`: verdicts without, or before, the world."""

from pathlib import Path
from typing import Annotated

import typer

from hauberk.cli.network import Network, Resolver
from hauberk.cli.scan import RUBRIC, FailOn, Logo, OutputFormat
from hauberk.cli.signing import KeyFile, PasswordFile, Sign, SignRequest, TimeStamp


def judge(
    tape: Annotated[Path, typer.Argument(help="A tape that `scan --save-tape` wrote; - is standard input.")],
    company: Annotated[str, typer.Option("--company", help="The organisation's name, as it stands on the report.")] = "",
    logo: Logo = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write the report as PDF.")] = False,
    png: Annotated[bool, typer.Option("--png", help="Write the report as PNG.")] = False,
    jpg: Annotated[bool, typer.Option("--jpg", help="Write the report as JPG.")] = False,
    pack: Annotated[bool, typer.Option("--pack", help="Write an evidence pack (zip).")] = False,
    sign: Sign = False,
    key: KeyFile = None,
    key_password_file: PasswordFile = None,
    time_stamp: TimeStamp = "",
    format: Annotated[OutputFormat, typer.Option("--format", "-f", help="What to print.")] = OutputFormat.TEXT,
    out: Annotated[Path, typer.Option("--out", help="The folder for reports.")] = Path(),
    all: Annotated[bool, typer.Option("--all", help="Print every check's findings and the whole fix plan.")] = False,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="Exit with 1 when a check comes to this or worse.")] = FailOn.FAIL,
    rubric: Annotated[str, typer.Option("--rubric", help="The rubric's name, or a .toml file.")] = RUBRIC,
) -> None:
    """Judge a tape again: no network, and the same verdicts for ever."""
    from hauberk.cli.judge_run import run_judge

    kinds = tuple(kind for kind, wanted in (("pdf", pdf), ("png", png), ("jpg", jpg), ("zip", pack)) if wanted)
    signing = SignRequest(sign, key, key_password_file, time_stamp)
    raise typer.Exit(run_judge(tape, company, logo, kinds, format.value, out, all, fail_on.value, rubric, signing))


def whatif(
    domain: Annotated[str, typer.Argument(metavar="DOMAIN|TAPE", help="A domain to scan, or a tape to lay the records over.")],
    record: Annotated[list[str] | None, typer.Option("--record", help="A record as it would be published: 'name TYPE data'.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help="A record set that would be gone: 'name TYPE'.")] = None,
    format: Annotated[OutputFormat, typer.Option("--format", "-f", help="What to print (text or json).")] = OutputFormat.TEXT,
    rubric: Annotated[str, typer.Option("--rubric", help="The rubric's name, or a .toml file.")] = RUBRIC,
    resolver: Resolver = "",
    network: Network = None,
) -> None:
    """Say what a change in the DNS would bring, by scanning a world in which it is made.

    hauberk whatif example.com --record '_dmarc.example.com TXT "v=DMARC1; p=reject"'
    """
    from hauberk.app.loop import run
    from hauberk.cli.whatif_run import run_whatif

    raise typer.Exit(run(run_whatif(domain, tuple(record or ()), tuple(remove or ()), format.value, rubric, resolver, network)))
