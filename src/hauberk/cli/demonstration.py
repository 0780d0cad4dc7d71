"""`hauberk demo`: three domains of the built-in lab, scanned like any other, with their reports."""

import sys
from pathlib import Path

from rich.console import Console

from hauberk.app.reporting import prepare
from hauberk.app.scanning import ScanOrder, now, scan_domains
from hauberk.cli import exits
from hauberk.cli.delivery import write_files
from hauberk.cli.output import output_for
from hauberk.cli.progress import watching
from hauberk.lab.internet import LAB_HELO, Lab
from hauberk.model.observation import ScanOptions
from hauberk.scoring.rubric import load
from hauberk.world.live import LiveConfig, LiveWorld

COMPANIES = {"exemplary.test": "Exemplary Ltd", "typical.test": "Typical GmbH", "bad.test": "Bad & Sons"}


async def demonstrate(out: Path) -> int:
    """Scan, print, write; 0 when the three came out as they should, else 4."""
    stderr = Console(stderr=True, highlight=False)
    stderr.print("Starting a small internet on loopback: zones, mail servers, a validating resolver.", style="dim")
    expected = {"exemplary.test": "green", "typical.test": "amber", "bad.test": "red"}
    came_out: dict[str, str] = {}
    written: list[Path] = []
    async with Lab(at=now()) as lab:
        config = LiveConfig(resolver=lab.resolver_url, helo=LAB_HELO, routes=lab.routes, ca_file=lab.anchor_pem_path)
        order = ScanOrder(load(), ScanOptions(depth="standard"))
        printed = output_for("text", everything=False, several=True)
        async with LiveWorld(config) as world:
            with watching("Scanning", len(COMPANIES)) as watch:
                scans = [scan async for scan in scan_domains(world, COMPANIES, order, told=watch.told)]
        for scan in scans:
            prepared = prepare(scan, COMPANIES[scan.assessment.domain])
            printed.result(prepared)
            written += write_files(prepared, ("pdf", "png", "jpg"), out, several=False, save_tape=True)
            came_out[scan.assessment.domain] = scan.assessment.score.band.value
    printed.end()
    sys.stdout.write("\nReports, with the evidence inside:\n")
    for path in written:
        sys.stdout.write(f"  {path}\n")
    if came_out != expected:
        sys.stderr.write(f"hauberk: the demo came out as {came_out}, which is not as it should\n")
        return exits.INTERNAL
    return exits.FINE
