"""The running of `hauberk scan --server`: a server scans, and what came of it is brought here."""

import asyncio
import os
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.status import Status

from hauberk.app.remote import Job, Remote, RemoteError
from hauberk.app.reporting import Prepared, prepare, tape, write_file
from hauberk.cli import exits
from hauberk.cli.delivery import code_of
from hauberk.cli.documents import Setting, listed_in
from hauberk.cli.output import output_for
from hauberk.cli.scan_run import Request, domains_of, worse
from hauberk.protocols.malformed import visible

TOKEN = "HAUBERK_TOKEN"
# What can be said with --server; all else is for the server to know.
UNDERSTOOD = frozenset(
    (
        "domains",
        "file",
        "pdf",
        "png",
        "jpg",
        "pack",
        "format",
        "out",
        "all",
        "fail_on",
        "save_tape",
        "server",
        "token_file",
        "ca_file",
        "time_limit",
    )
)
_GLANCE = 5.0  # seconds for the next domain where one was waited for in vain


@dataclass(frozen=True, slots=True)
class Place:
    """Which server, and the file with the token."""

    url: str
    token_file: Path | None


async def scan_remotely(request: Request, place: Place) -> int:
    """Do it; the exit code."""
    domains, misread = domains_of(request)
    token = _token(place.token_file)
    several = len(domains) > 1
    code = exits.USAGE if misread else exits.FINE
    try:
        async with Remote(place.url, token, ca_file=request.ca_file) as remote:
            company = await remote.company()
            setting = Setting(company, request.fail_on, listed_in(request.file) if request.format == "sarif" else {})
            printed = output_for(request.format, everything=request.everything, several=several, setting=setting)
            ordered = [(domain, await remote.order(domain, request.kinds)) for domain in domains]
            patience = request.time_limit
            for domain, job in ordered:
                ended = await _ended(remote, domain, job, patience)
                patience = request.time_limit if ended else min(_GLANCE, request.time_limit)
                if ended is None:
                    waited = f"{domain}: not ready after {request.time_limit:g} s (--time-limit)"
                    sys.stderr.write(f"hauberk: {waited}; the server goes on with it as job {job.id}\n")
                    code = worse(code, exits.INCOMPLETE)
                    continue
                if ended.outcome is None or ended.outcome.scan_id is None:
                    sys.stderr.write(f"hauberk: {domain}: {ended.state}: {visible(ended.reason)}\n")
                    code = worse(code, exits.INCOMPLETE)
                    continue
                prepared = prepare(await remote.scan(ended.outcome), company)
                printed.result(prepared)
                await _bring(remote, ended.outcome.report_ids, prepared, request)
                code = worse(code, code_of(prepared.scan, request.fail_on))
    except RemoteError as error:
        exits.refuse(str(error), exits.INCOMPLETE if error.may_pass else exits.USAGE if error.status < 500 else exits.INTERNAL)
    printed.end()
    return code


async def _ended(remote: Remote, domain: str, job: Job, patience: float) -> Job | None:
    """The job once it has ended; `None` where it has not within `patience` (seconds)."""
    try:
        with _shown(domain) as status:
            async with asyncio.timeout(patience):
                return await remote.ended(job, lambda job: _tell(status, domain, job))
    except TimeoutError:
        return None


async def _bring(remote: Remote, report_ids: tuple[int, ...], prepared: Prepared, request: Request) -> None:
    """Write the reports that the server signed, and the tape where it is wanted; say where they are."""
    files = [await remote.report(id) for id in report_ids]
    named = [(Path(report.name).name, content) for report, content in files]
    if request.save_tape:
        written = tape(prepared)
        named.append((written.name, written.data))
    for name, content in named:
        try:
            sys.stderr.write(f"wrote {write_file(request.out, name, content)}\n")
        except OSError as error:
            exits.refuse(f"cannot write {error.filename or request.out}: {error.strerror or error}", exits.INTERNAL)


def _token(file: Path | None) -> str:
    """The token in the file, or in the environment."""
    if file is None:
        token = os.environ.get(TOKEN, "")
        if not token:
            exits.refuse(f"a server wants a token: --token-file FILE, or the variable {TOKEN}")
    else:
        try:
            token = file.read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            exits.refuse(f"--token-file {file} cannot be read: {error.strerror}")
    token = token.strip()
    if not (0 < len(token) <= 500 and token.isascii() and token.isprintable() and " " not in token):
        exits.refuse("this is no token: it is one line that begins with hbk_")
    return token


def _shown(domain: str) -> AbstractContextManager[Status | None]:
    console = Console(stderr=True)
    return console.status(f"{domain}: ordered") if console.is_terminal else nullcontext(None)


def _tell(status: Status | None, domain: str, job: Job) -> None:
    if status is not None:
        status.update(f"{domain}: {visible(job.stage)} {job.fraction:.0%}")
