"""`hauberk scan`: the main job."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hauberk.cli.network import Network, Resolver
from hauberk.cli.signing import KeyFile, PasswordFile, Sign, SignRequest, TimeStamp

if TYPE_CHECKING:  # what runs a scan is imported when one is run
    from hauberk.cli.scan_run import Request

RUBRIC = "hauberk-2026.1"  # as `hauberk.scoring.rubric.DEFAULT`, which is not imported before a command needs it

ORIGIN_ZONES = "origin.asn.cymru.com,origin6.asn.cymru.com"  # as `hauberk.protocols.rpki.ORIGIN_ZONES`


class OutputFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    CSV_FINDINGS = "csv-findings"
    SARIF = "sarif"
    JUNIT = "junit"
    PROMETHEUS = "prometheus"
    OSCAL = "oscal"


class Depth(StrEnum):
    HANDSHAKE = "handshake"
    STANDARD = "standard"
    FULL = "full"


class FailOn(StrEnum):
    FAIL = "fail"
    WARN = "warn"
    NEVER = "never"


Logo = Annotated[
    Path | None, typer.Option("--logo", metavar="FILE", help="The organisation's logo on the report: a PNG, JPEG, WebP or GIF picture.")
]


def scan(
    context: typer.Context,
    domains: Annotated[
        list[str] | None, typer.Argument(metavar="DOMAIN...", help="Domains; URLs and mail addresses are understood.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="Domains from a file, one a line; - is standard input.")] = None,
    company: Annotated[str, typer.Option("--company", help="The organisation's name, as it stands on the report.")] = "",
    logo: Logo = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="Write the report as PDF (PDF/A-3a, PDF/UA-1, evidence attached).")] = False,
    png: Annotated[bool, typer.Option("--png", help="Write the report as PNG.")] = False,
    jpg: Annotated[bool, typer.Option("--jpg", help="Write the report as JPG.")] = False,
    pack: Annotated[
        bool, typer.Option("--pack", help="Write an evidence pack (zip): report, verdicts, tape, signatures, and how to verify them.")
    ] = False,
    sign: Sign = False,
    key: KeyFile = None,
    key_password_file: PasswordFile = None,
    time_stamp: TimeStamp = "",
    format: Annotated[OutputFormat, typer.Option("--format", "-f", help="What to print.")] = OutputFormat.TEXT,
    out: Annotated[Path, typer.Option("--out", help="The folder for reports and tapes.")] = Path(),
    all: Annotated[bool, typer.Option("--all", help="Print every check's findings and the whole fix plan.")] = False,
    fail_on: Annotated[FailOn, typer.Option("--fail-on", help="Exit with 1 when a check comes to this or worse.")] = FailOn.FAIL,
    rubric: Annotated[str, typer.Option("--rubric", help="The rubric's name, or a .toml file.")] = RUBRIC,
    dkim_selector: Annotated[
        list[str] | None, typer.Option("--dkim-selector", help="A DKIM selector that is in use; may be repeated.")
    ] = None,
    eml: Annotated[list[Path] | None, typer.Option("--eml", help="A signed message to learn DKIM selectors from; may be repeated.")] = None,
    save_tape: Annotated[bool, typer.Option("--save-tape", help="Write each scan's tape (DOMAIN_DATE.tape.json.gz) to --out.")] = False,
    smtp: Annotated[bool, typer.Option("--smtp/--no-smtp", help="Connect to the mail servers, or ask the DNS only.")] = True,
    blocklists: Annotated[bool, typer.Option("--blocklists/--no-blocklists", help="Look the servers up in DNS block lists.")] = True,
    areas: Annotated[
        str, typer.Option("--areas", metavar="AREA,...", help="Look at these areas of the catalogue only, like spf,dmarc,mta-sts.")
    ] = "",
    lookalikes: Annotated[bool, typer.Option("--lookalikes", help="Look for registered neighbours of the name.")] = False,
    depth: Annotated[
        Depth,
        typer.Option(
            "--depth", help="How far TLS is looked into: one handshake, enough for every verdict, or every suite and group named."
        ),
    ] = Depth.STANDARD,
    only: Annotated[str, typer.Option("--only", metavar="HOST", help="Connect to this one mail server of the domain.")] = "",
    services: Annotated[
        str,
        typer.Option("--services", metavar="PORT,...", help="Look at these ports of the mail servers as well: 465,587,993,995,143,110."),
    ] = "",
    own: Annotated[
        bool, typer.Option("--own", help="The mail servers are yours: tests that a stranger should not make are allowed.")
    ] = False,
    relay_test: Annotated[
        bool,
        typer.Option(
            "--relay-test",
            help="The mail servers are yours: try whether they relay for strangers. Recipients elsewhere are named, nothing is sent.",
        ),
    ] = False,
    rpki_vrps: Annotated[
        Path | None,
        typer.Option(
            "--rpki-vrps", metavar="FILE", help="Compare the routes with these ROAs: the JSON that rpki-client and Routinator export."
        ),
    ] = None,
    origin_zones: Annotated[
        str,
        typer.Option("--origin-zones", metavar="V4,V6", help="Zones that tell which network announces an address."),
    ] = ORIGIN_ZONES,
    resolver: Resolver = "",
    network: Network = None,
    ca_file: Annotated[Path | None, typer.Option("--ca-file", help="More trust anchors (PEM).")] = None,
    allow_network: Annotated[
        list[str] | None, typer.Option("--allow-network", help="A private network that may be connected to; may be repeated.")
    ] = None,
    helo: Annotated[str, typer.Option("--helo", help="The name to give with EHLO; it should resolve back to this machine.")] = "",
    time_limit: Annotated[
        float | None,
        typer.Option(
            "--time-limit",
            min=1,
            max=3600,
            help="Seconds for a domain; 60, or 180 at full depth and with --relay-test. With --server 600, its queue included.",
        ),
    ] = None,
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=2000, help="Domains under way at the same time.")] = 50,
    processes: Annotated[int, typer.Option("--processes", min=1, max=64, help="Cores to use for a long list (--format jsonl or csv).")] = 1,
    server: Annotated[str, typer.Option("--server", metavar="URL", help="Have a Hauberk server scan, keep and sign.")] = "",
    token_file: Annotated[
        Path | None, typer.Option("--token-file", metavar="FILE", help="The API token for --server; else the variable HAUBERK_TOKEN.")
    ] = None,
) -> None:
    """Look at domains' mail from outside, judge, score, and write the report.

    hauberk scan example.com --company "Example Ltd" --pdf --png --jpg
    """
    from hauberk.app.loop import run
    from hauberk.cli.judge_run import logo_in
    from hauberk.cli.scan_run import Request, run_scan

    request = Request(
        domains=tuple(domains or ()),
        file=file,
        company=company,
        logo=logo_in(logo),
        kinds=tuple(kind for kind, wanted in (("pdf", pdf), ("png", png), ("jpg", jpg), ("zip", pack)) if wanted),
        format=format.value,
        out=out,
        everything=all,
        fail_on=fail_on.value,
        rubric=rubric,
        selectors=tuple(dkim_selector or ()),
        messages=tuple(eml or ()),
        save_tape=save_tape,
        smtp=smtp,
        blocklists=blocklists,
        areas=areas,
        lookalikes=lookalikes,
        depth=depth.value,
        only=only,
        services=services,
        own=own,
        relay=relay_test,
        rpki_vrps=rpki_vrps,
        origin_zones=origin_zones,
        resolver=resolver,
        network=network,
        ca_file=ca_file,
        allow_networks=tuple(allow_network or ()),
        helo=helo,
        time_limit=time_limit or (600.0 if server else 180.0 if depth is Depth.FULL or relay_test else 60.0),
        at_once=at_once,
        processes=processes,
        signing=SignRequest(sign, key, key_password_file, time_stamp),
    )
    if server or token_file:
        raise typer.Exit(_remotely(context, request, server, token_file))
    if processes > 1:
        from hauberk.cli.scan_lines import scan_lines

        raise typer.Exit(scan_lines(request))
    raise typer.Exit(run(run_scan(request)))


def _remotely(context: typer.Context, request: "Request", server: str, token_file: Path | None) -> int:
    """Have the server do it. How it scans is its own affair: what would say that is refused."""
    from hauberk.cli import exits
    from hauberk.cli.database import with_store

    with_store()
    from hauberk.app.loop import run
    from hauberk.cli.scan_remote import UNDERSTOOD, Place, scan_remotely

    if not server:
        exits.refuse("--token-file is for --server")
    sources = {name: context.get_parameter_source(name) for name in context.params}
    said = [name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    if strange := [f"--{name.replace('_', '-')}" for name in said if name not in UNDERSTOOD]:
        exits.refuse(f"a server scans as it is set up; leave out {', '.join(strange)}")
    return run(scan_remotely(request, Place(server, token_file)))
