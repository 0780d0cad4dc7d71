"""Hauberk's full depth held against independent oracles, on suites, versions, groups and chains, with every difference explained.

Servers: Postfix with everything on and modern, one with TLS 1.3 only, Exim (GnuTLS), tlslite-ng with SSLv3, RC4, 3DES and NULL, an old
OpenSSL with SSLv2 and export suites, and a newer one with post-quantum groups. Oracles: sslyze, Debian's `openssl s_client` suite by suite,
and that newer OpenSSL group by group.

    python -m benchmarks.agreement

Exits with 1 when a difference is left unexplained.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from benchmarks import oracles, tls_servers
from benchmarks.oracles import Findings, Pair, Server

from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Endpoint
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.walk import Walk, converse_each
from hauberk.survey.recorder import Recorder
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.politeness import Manners
from lab import real_postfix
from lab.real_tls_servers import EVERYTHING, MODERN, ONLY_1_3, pair

_ADDRESS = "192.0.2.25"
_FULL = ScanOptions(depth="full")
POSTFIX = {"Postfix, everything on": EVERYTHING, "Postfix, modern": MODERN, "Postfix, TLS 1.3 only": ONLY_1_3}


@dataclass(frozen=True, slots=True)
class Difference:
    """`explanation` is empty where there is none."""

    what: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Row:
    """Counts of what both found of what the oracle can ask; `by` says of which kind."""

    server: str
    oracle: str
    suites: tuple[int, int]
    groups: tuple[int, int]
    chains: tuple[int, int]
    connections: int
    differences: tuple[Difference, ...]


def look(server: Server) -> TlsFacts:
    """Full depth at this server."""
    return asyncio.run(_look(server))


async def _look(server: Server) -> TlsFacts:
    port = 25 if server.starttls else 465
    config = LiveConfig(
        resolver="udp://127.0.0.1:9",
        helo="probe.example.net",
        routes={(_ADDRESS, port): ("127.0.0.1", server.port)},
        manners=Manners(pause=0.0),
    )
    async with LiveWorld(config) as world:
        return await Recorder(world).drive(_walk(Endpoint(server.host, _ADDRESS, port), talks=server.starttls))


def _walk(endpoint: Endpoint, *, talks: bool) -> Walk[TlsFacts]:
    """The servers without SMTP have nothing to say in a session."""
    if not talks:
        return (yield from probe_endpoint(endpoint, None, _FULL))
    (session,) = yield from converse_each((endpoint,))
    return (yield from probe_endpoint(endpoint, session, _FULL))


def ours(facts: TlsFacts) -> Findings:
    return Findings(
        "Hauberk",
        frozenset((fact.version, fact.suite) for fact in facts.suites),
        frozenset((fact.version, fact.group) for fact in facts.groups if fact.accepted),
        frozenset(tuple(sha256(one).hexdigest() for one in fact.chain) for fact in facts.chains),
        tells_chains=True,
        failed=(facts.partial,) if facts.partial else (),
    )


def compare(server: Server, facts: TlsFacts, theirs: Findings) -> Row:
    mine = ours(facts)
    differences = [Difference(f"{source}: {said}", "") for source, said in _failures(mine, theirs)]
    suites = _compare_pairs("suite", mine.suites, theirs.suites, theirs.asked_suites, facts, differences)
    spoken = mine.groups if not any(not version for version, _ in theirs.asked_groups or ()) else _nameless(mine.groups)
    groups = _compare_pairs("group", spoken, theirs.groups, theirs.asked_groups, facts, differences)
    if theirs.asked_suites is not None:
        _compare_versions(facts, theirs, differences)
    chains = (0, 0)
    if theirs.tells_chains:
        chains = (len(mine.chains & theirs.chains), len(mine.chains | theirs.chains))
        differences += [
            Difference(
                f"chain {chain[0][:12]}: {'Hauberk' if chain in mine.chains else 'the oracle'} alone", _explain_chain(chain, mine, facts)
            )
            for chain in sorted(mine.chains ^ theirs.chains)
        ]
    return Row(server.name, theirs.source, suites, groups, chains, facts.connections, tuple(differences))


def _failures(*found: Findings) -> list[tuple[str, str]]:
    return [(one.source, said) for one in found for said in one.failed]


def _nameless(groups: frozenset[Pair]) -> frozenset[Pair]:
    return frozenset(("", group) for _, group in groups)


def _compare_pairs(
    kind: str, mine: frozenset[Pair], theirs: frozenset[Pair], asked: frozenset[Pair] | None, facts: TlsFacts, found: list[Difference]
) -> tuple[int, int]:
    """How many both found, and how many either found of those that the oracle can ask; adds the differences."""
    if asked is None:
        return 0, 0
    versions = {version for version, _ in asked}
    for why, beyond in (
        ("the oracle's OpenSSL cannot offer it", sorted(one for one in mine - asked if one[0] in versions)),
        ("the oracle does not ask in that version", sorted(one for one in mine - asked if one[0] not in versions)),
    ):
        if beyond:
            found.append(Difference(f"{kind} {_listed(beyond)}: Hauberk alone", why))
    found += [Difference(f"{kind} {_listed([one])}: Hauberk alone", explain(kind, one, facts)) for one in sorted((mine & asked) - theirs)]
    found += [Difference(f"{kind} {_listed([one])}: the oracle alone", explain(kind, one, facts)) for one in sorted(theirs - mine)]
    return len(mine & theirs), len((mine & asked) | theirs)


def explain(kind: str, one: Pair, facts: TlsFacts) -> str:
    """Why the two differ on something that both can ask; empty when there is no reason known."""
    version, name = one
    taken_in = {fact.version for fact in facts.groups if fact.group == name and fact.accepted}
    if kind == "group" and not version and taken_in and facts.accepted_versions[-1] not in taken_in:
        return f"taken in {', '.join(sorted(taken_in))}; sslyze asks in the newest version alone"
    return ""


def _explain_chain(chain: tuple[str, ...], mine: Findings, facts: TlsFacts) -> str:
    if chain in mine.chains and facts.accepted_versions == ("TLSv1.3",):
        return "the oracle asks a server of TLS 1.3 alone for no other kind of key"
    return ""


def _compare_versions(facts: TlsFacts, theirs: Findings, found: list[Difference]) -> None:
    asked = {version for version, _ in theirs.asked_suites or ()}
    seen = {version for version, _ in theirs.suites}
    found += [
        Difference(f"version {version}: {'Hauberk' if facts.accepted(version) else 'the oracle'} alone", "")
        for version in sorted(asked)
        if bool(facts.accepted(version)) != (version in seen)
    ]
    beyond = [version for version in facts.accepted_versions if version not in asked]
    if beyond:
        found.append(Difference(f"version {', '.join(beyond)}: Hauberk alone", "the oracle's OpenSSL is built without it"))


def _listed(pairs: list[Pair]) -> str:
    return ", ".join(f"{version} {name}".strip() for version, name in pairs)


@contextmanager
def servers(left_out: list[str]) -> Generator[list[Server]]:
    """All that can be started here; `left_out` receives the reasons for the others."""
    with ExitStack() as stack:
        started: list[Server] = []
        folders = [
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hauberk-tls-", ignore_cleanup_errors=True))) for _ in range(5)
        ]
        if reason := real_postfix.missing():
            left_out.append(reason)
        else:
            running = stack.enter_context(real_postfix.running(folders[0], POSTFIX, pair()))
            started += [Server(name, real_postfix.HOST, running.ports[name], starttls=True) for name in POSTFIX]
        makes = (
            ("Exim 4.96 (GnuTLS)", tls_servers.exim, True),
            ("tlslite-ng, SSLv3 and worse", tls_servers.tlslite, False),
            ("OpenSSL 1.0.2e, SSLv2 and export", tls_servers.old_openssl, False),
            ("OpenSSL 4.0, post-quantum", tls_servers.newer_openssl, False),
        )
        for folder, (name, start, starttls) in zip(folders[1:], makes, strict=True):
            tls_servers.write_keys(folder, pair())
            try:
                started.append(Server(name, real_postfix.HOST, stack.enter_context(start(folder)), starttls))
            except RuntimeError as error:
                left_out.append(f"{name}: {error}")
        yield started


def rows(left_out: list[str]) -> list[Row]:
    """The table's rows. Raises `RuntimeError` when sslyze cannot be had."""
    with servers(left_out) as started:
        return [compare(server, facts, ask(server)) for server in started for facts in (look(server),) for ask in asked_of(server)]


def asked_of(server: Server) -> tuple[Callable[[Server], Findings], ...]:
    """The oracles for this server; the newer OpenSSL speaks no STARTTLS here."""
    return (oracles.sslyze, oracles.openssl) if server.starttls else (oracles.sslyze, oracles.openssl, oracles.newer_openssl)


def table(compared: list[Row]) -> str:
    lines = [
        "| server | oracle | suites agreed | groups agreed | chains agreed | our connections | unexplained |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.server} | {row.oracle} | {_of(row.suites)} | {_of(row.groups)} | {_of(row.chains)} | {row.connections} |"
        f" {sum(not one.explanation for one in row.differences)} |"
        for row in compared
    ]
    lines += ["", "Differences:", ""]
    lines += [
        f"- {row.server}, {row.oracle}: {one.what}: {one.explanation or '**unexplained**'}" for row in compared for one in row.differences
    ]
    return "\n".join(lines)


def _of(counts: tuple[int, int]) -> str:
    return f"{counts[0]} of {counts[1]}" if counts[1] else "not asked"


def main() -> int:
    left_out: list[str] = []
    compared = rows(left_out)
    print(table(compared))
    for reason in left_out:
        print(f"- left out: {reason}")
    return int(any(not one.explanation for row in compared for one in row.differences))


if __name__ == "__main__":
    sys.exit(main())
