"""The demo of the mail system: packages, stage, probes from every zone, the scan from outside, reports; then nothing is left."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hauberk.app.proving import write_measures
from hauberk.app.scanning import now
from hauberk.app.signing import Signing
from hauberk.system.declaration import Zone
from hauberk.system.prove.conduct import prove_stage
from hauberk.system.prove.measures import MeasureState, judge
from hauberk.system.stage import namespaces, play
from hauberk.system.stage.memory import proportional
from hauberk.system.stage.packages import install
from hauberk.system.stage.stage import Stage, stage

_SCAN_SECONDS = 180.0


@dataclass(slots=True)
class Demonstration:
    """What came of it. `laps`: seconds by step, in order; `memory` in octets, of everything on the two hosts."""

    measures: tuple[MeasureState, ...] = ()
    scan_code: int = 4
    scan_said: str = ""
    memory: int = 0
    laps: dict[str, float] = field(default_factory=dict[str, float])
    written: list[Path] = field(default_factory=list[Path])


@dataclass(frozen=True, slots=True)
class Reports:
    """How the two reports are written, besides as PDF: `pictures` (`png`, `jpg`); `signs` are the options by which the scan signs."""

    pictures: tuple[str, ...] = ()
    signing: Signing | None = None
    signs: tuple[str, ...] = ()


_PLAIN = Reports()


async def demonstrate(
    out: Path, say: Callable[[str], None], reports: Reports = _PLAIN, *, may_install: bool = True, mutate: bool = False
) -> Demonstration:
    """`mutate`: break every setting of the mutation table as well, which takes minutes.

    Raises `StageError` where no stage can be made, and `OSError` where `out` cannot be written to.
    """
    done = Demonstration()
    out.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - here and below: nothing else runs in this process
    if may_install and (packages := namespaces.missing()):
        say(f"Installing Debian's packages (a minute or two, only this once): {' '.join(packages)}")
        with _lap(done, "packages"):
            await install(packages)
    say("Setting the stage: five network namespaces, a firewall, two hosts, an internet around them.")
    clock = time.perf_counter()
    async with stage(now()) as running:
        done.laps["stage up"] = time.perf_counter() - clock
        say(f"{len(running.names)} daemons are up.")
        with _lap(done, "probes"):
            proof = await prove_stage(running, now, say, mutate=mutate)
            done.measures = judge(proof.outcomes, proof.missing)
            done.written += write_measures(proof, out, reports.signing, reports.pictures)
        say("Scanning the domain from the internet.")
        with _lap(done, "scan"):
            await _scan(running, out, done, (*(f"--{kind}" for kind in reports.pictures), *reports.signs))
        done.memory = proportional(tuple(running.layout.namespace(zone) for zone in (Zone.DMZ, Zone.INSIDE)))
        clock = time.perf_counter()
        say("Taking everything down.")
    done.laps["stage down"] = time.perf_counter() - clock
    return done


async def _scan(running: Stage, out: Path, done: Demonstration, more: tuple[str, ...]) -> None:
    """As anybody on the play's internet would, through its resolver; as the owner, who allows what strangers should not try."""
    networks = (*running.declaration.networks.dmz, *(f"{one}/{64 if ':' in one else 24}" for one in play.NAME_SERVER_ADDRESSES))
    arguments = (
        *("scan", running.declaration.domains[0], "--company", running.declaration.organisation),
        *("--resolver", "udp://127.0.0.1", "--ca-file", str(running.props.root_pem), "--helo", play.PARTNER_HOST),
        *("--own", "--no-blocklists", "--pdf", "--save-tape", "--out", str(out.absolute())),  # noqa: ASYNC240
        *("--dkim-selector", running.props.material.dkim[0].selector),
        *more,
        *(word for network in networks for word in ("--allow-network", str(network))),
    )
    before = set(out.iterdir())  # noqa: ASYNC240
    finished = await running.python(Zone.INTERNET, "hauberk.cli.main", *arguments, seconds=_SCAN_SECONDS)
    done.scan_code, done.scan_said = finished.code, finished.text or finished.stderr.decode(errors="replace")
    done.written += sorted(set(out.iterdir()) - before)  # noqa: ASYNC240


@contextmanager
def _lap(done: Demonstration, name: str) -> Generator[None]:
    clock = time.perf_counter()
    try:
        yield
    finally:
        done.laps[name] = time.perf_counter() - clock
