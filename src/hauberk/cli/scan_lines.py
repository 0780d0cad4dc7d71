"""The running of `hauberk scan --processes`: a long list of domains, a line for each, worked off on several cores."""

import sys
from functools import partial

import typer

from hauberk.app.reporting import prepare
from hauberk.app.scanning import Scan
from hauberk.app.sharding import ShardError, polite_shards, scan_in_processes
from hauberk.checks import catalogue
from hauberk.cli import exits
from hauberk.cli.delivery import code_of, write_files
from hauberk.cli.progress import watching
from hauberk.cli.scan_run import Request, config_of, domains_of, order_of, worse
from hauberk.cli.signing import signing_of
from hauberk.model import json
from hauberk.report import csv


def scan_lines(request: Request) -> int:
    """Do it; the exit code."""
    if request.format not in ("jsonl", "csv"):
        exits.refuse("--processes wants a format of lines: --format jsonl or csv")
    domains, misread = domains_of(request)
    order, config = order_of(request, domains), config_of(request)
    processes = polite_shards(min(request.processes, len(domains)), order, config.manners)
    if processes < request.processes and processes < len(domains):
        sys.stderr.write(f"hauberk: {processes} processes, for as many connections may go to one address at a time\n")
    catalogue.all_checks()  # imported once, before the processes part
    signing_of(request.signing, request.company, request.written)  # read once too, and refused early
    code = exits.USAGE if misread else exits.FINE
    lines = scan_in_processes(config, domains, order, partial(_line, request), processes=processes, at_once=request.at_once)
    sys.stdout.write(csv.header() if request.format == "csv" else "")
    try:
        with watching("Scanning", len(domains)) as watch:
            for text, one in lines:
                watch.done()
                sys.stdout.write(text)
                sys.stdout.flush()
                code = worse(code, one)
    except ShardError as error:
        exits.refuse(str(error), exits.INTERNAL)
    return code


def _line(request: Request, scan: Scan) -> tuple[str, int]:
    """Made where the scan was: the line, and the exit code it asks for. Files are written there too."""
    prepared = prepare(scan, request.company, signing_of(request.signing, request.company, request.written), request.logo)
    try:
        write_files(prepared, request.kinds, request.out, several=True, save_tape=request.save_tape)
    except typer.Exit as told:  # in a process of its own, where this would pass for a crash
        raise SystemExit(told.exit_code) from None
    text = json.line(scan.assessment) if request.format == "jsonl" else csv.row(scan.assessment)
    return text, code_of(scan, request.fail_on)
