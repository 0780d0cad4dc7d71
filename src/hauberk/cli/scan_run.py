"""The running of `hauberk scan`: from what was typed to results on stdout, files in a folder and an exit code."""

import re
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from msgspec import UNSET

from hauberk.app.reporting import prepare
from hauberk.app.scanning import ScanOrder, scan_domains
from hauberk.checks import catalogue
from hauberk.cli import exits
from hauberk.cli.delivery import code_of, write_files
from hauberk.cli.documents import Setting, listed_in
from hauberk.cli.judge_run import rubric_named
from hauberk.cli.listed import listed_lines
from hauberk.cli.network import live_config, live_world
from hauberk.cli.output import output_for, print_meanwhile
from hauberk.cli.progress import watching
from hauberk.cli.signing import SignRequest, signing_of
from hauberk.model.observation import ScanOptions, Selector
from hauberk.protocols.dkim import selectors_of_message
from hauberk.protocols.malformed import Malformed, visible
from hauberk.protocols.names import is_at_or_below, parse_domain, to_unicode
from hauberk.world.live import LiveConfig
from hauberk.world.vrps import VrpError, VrpTable, read_vrps

_SELECTOR = re.compile(r"(?=.{1,200}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*")
_LARGEST_MESSAGE = 10 * 1024 * 1024
_SERVICES = (465, 587, 993, 995, 143, 110)


@dataclass(frozen=True, slots=True)
class Request:
    """The command line of `scan`, as typed."""

    domains: tuple[str, ...]
    file: Path | None
    company: str
    logo: bytes
    kinds: tuple[str, ...]
    format: str
    out: Path
    everything: bool
    fail_on: str
    rubric: str
    selectors: tuple[str, ...]
    messages: tuple[Path, ...]
    save_tape: bool
    smtp: bool
    blocklists: bool
    areas: str
    lookalikes: bool
    depth: str
    only: str
    services: str
    own: bool
    relay: bool
    rpki_vrps: Path | None
    origin_zones: str
    resolver: str
    network: Path | None
    ca_file: Path | None
    allow_networks: tuple[str, ...]
    helo: str
    time_limit: float
    at_once: int
    processes: int
    signing: SignRequest

    @property
    def written(self) -> tuple[str, ...]:
        """The kinds of files that each scan leaves."""
        return (*self.kinds, *(("tape",) if self.save_tape else ()))


async def run_scan(request: Request) -> int:
    """Do it; the exit code."""
    domains, misread = domains_of(request)
    order, config = order_of(request, domains), config_of(request)
    printed = output_for(
        request.format,
        everything=request.everything,
        several=len(domains) > 1,
        setting=Setting(request.company, request.fail_on, listed_in(request.file) if request.format == "sarif" else {}),
    )
    signing = signing_of(request.signing, request.company, request.written)
    code = exits.USAGE if misread else exits.FINE
    several = len(domains) > 1
    async with live_world(config) as world:
        with watching("Scanning" if several else f"Scanning {domains[0]}", len(domains)) as watch:
            async for scan in scan_domains(world, domains, order, at_once=request.at_once, told=watch.told):
                watch.done()
                prepared = prepare(scan, request.company, signing, request.logo)
                await print_meanwhile(partial(printed.result, prepared))
                write_files(prepared, request.kinds, request.out, several=several, save_tape=request.save_tape)
                code = worse(code, code_of(scan, request.fail_on))
    printed.end()
    return code


def order_of(request: Request, domains: list[str]) -> ScanOrder:
    """How to scan. Most formats have no place for a fix plan, which costs more than all the rest of judging."""
    plan = request.format in ("text", "json", "jsonl", "oscal") or bool(request.kinds)
    return ScanOrder(rubric_named(request.rubric), _options(request, domains), request.time_limit, plan)


def config_of(request: Request) -> LiveConfig:
    return live_config(
        request.resolver,
        request.network,
        helo=request.helo,
        ca_file=request.ca_file,
        allow_networks=request.allow_networks,
        vrps=_vrps(request.rpki_vrps),
    )


def worse(one: int, other: int) -> int:
    """Findings outweigh an incomplete scan, which outweighs a domain that was misread."""
    order = (exits.FINE, exits.USAGE, exits.INCOMPLETE, exits.FINDINGS)
    return max(one, other, key=order.index)


def domains_of(request: Request) -> tuple[list[str], bool]:
    """The domains to scan, each once, in the order given; and whether a line of the file was none."""
    found: dict[str, None] = {}
    for text in request.domains:
        domain = parse_domain(text)
        if isinstance(domain, Malformed):
            exits.refuse(f"'{visible(text[:80])}' is no domain: {domain.reason}")
        found[domain] = None
    misread = False
    for number, text in _lines(request.file):
        domain = parse_domain(text)
        if isinstance(domain, Malformed):
            sys.stderr.write(f"hauberk: line {number}, '{visible(text[:80])}', is no domain: {domain.reason}\n")
            misread = True
        else:
            found[domain] = None
    if not found:
        exits.refuse("there is no domain to scan; give one, or a list with --file")
    for domain in found:
        if to_unicode(domain) != domain:
            sys.stderr.write(f"hauberk: {domain} is {to_unicode(domain)}\n")
        if domain.startswith("www."):
            sys.stderr.write(f"hauberk: {domain} is looked at as given; mail addresses are more likely to end in {domain[4:]}\n")
    return list(found), misread


def _lines(file: Path | None) -> list[tuple[int, str]]:
    if file is None:
        return []
    try:
        return listed_lines(file)
    except OSError as error:
        exits.refuse(f"{file} cannot be read: {error.strerror}")


def _options(request: Request, domains: list[str]) -> ScanOptions:
    selectors = [Selector(_selector(text)) for text in request.selectors]
    for path in request.messages:
        try:
            with path.open("rb") as file:
                signatures = selectors_of_message(file.read(_LARGEST_MESSAGE))
        except OSError as error:
            exits.refuse(f"{path} cannot be read: {error.strerror}")
        learnt = [Selector(selector, "message") for signer, selector in signatures if any(is_at_or_below(signer, d) for d in domains)]
        if not learnt:
            sys.stderr.write(f"hauberk: {path} has no DKIM signature of a domain that is scanned\n")
        selectors += learnt
    return ScanOptions(
        selectors=tuple(dict.fromkeys(selectors)),
        smtp=request.smtp,
        lookalikes=request.lookalikes,
        blocklists=request.blocklists,
        depth=request.depth,
        only=_only(request.only),
        services=_services(request.services),
        own=request.own,
        relay=request.relay or UNSET,
        origins=_origins(request.origin_zones) if request.rpki_vrps else UNSET,
        areas=_areas(request.areas),
    )


def _selector(text: str) -> str:
    """The selector alone, also where the whole name of the record was pasted (RFC 6376, 3.1: labels of a domain name)."""
    name = text.strip().strip(".").lower().partition("._domainkey")[0]
    if not _SELECTOR.fullmatch(name):
        exits.refuse(f"--dkim-selector '{visible(text[:80])}' is no selector; it stands after s= in a DKIM-Signature, like s1")
    return name


def _only(text: str) -> str:
    """The host as endpoints spell it."""
    if not text:
        return ""
    host = parse_domain(text)
    if isinstance(host, Malformed):
        exits.refuse(f"--only '{visible(text[:80])}' is no host name: {host.reason}")
    return host


def _areas(text: str) -> tuple[str, ...]:
    """In the order of the catalogue, so that the same areas give the same tape; none for all."""
    words = set(text.lower().replace(",", " ").split())
    known = catalogue.all_areas()
    if words - set(known) or (text and not words):
        exits.refuse(f"--areas {visible(text[:80])!r}: the areas are some of {', '.join(known)}")
    return tuple(area for area in known if area in words)


def _origins(text: str) -> tuple[str, ...]:
    zones = tuple(parse_domain(word) for word in text.split(","))
    if len(zones) != 2 or any(isinstance(zone, Malformed) for zone in zones):
        exits.refuse(f"--origin-zones {visible(text[:120])!r}: two zones are wanted, for IPv4 and for IPv6, with a comma between")
    return tuple(zone for zone in zones if isinstance(zone, str))


def _vrps(path: Path | None) -> VrpTable | None:
    try:
        return read_vrps(path) if path else None
    except (OSError, VrpError) as error:
        exits.refuse(f"--rpki-vrps {path}: {(error.strerror if isinstance(error, OSError) else '') or visible(str(error))}")


def _services(text: str) -> tuple[int, ...]:
    words = text.replace(",", " ").split()
    ports = tuple(dict.fromkeys(int(word) for word in words if word.isascii() and word.isdigit()))
    if len(ports) < len(set(words)) or not set(ports) <= set(_SERVICES):
        exits.refuse(f"--services '{visible(text[:80])}': the ports are some of {', '.join(map(str, _SERVICES))}")
    return ports
