"""Makes the pictures of the README: the terminal and the report's first page, of a domain of the lab."""

import asyncio
import re
from io import StringIO
from pathlib import Path

from rich.console import Console

from hauberk.app.reporting import Prepared, prepare
from hauberk.app.scanning import ScanOrder, now, scan_domain
from hauberk.cli.terminal import show
from hauberk.lab.internet import LAB_HELO, Lab
from hauberk.report.pdf import pages
from hauberk.scoring.rubric import load
from hauberk.world.live import LiveConfig, LiveWorld

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"


async def _scanned(domain: str, company: str) -> Prepared:
    async with Lab(at=now()) as lab:
        config = LiveConfig(resolver=lab.resolver_url, helo=LAB_HELO, routes=lab.routes, ca_file=lab.anchor_pem_path)
        async with LiveWorld(config) as world:
            return prepare(await scan_domain(world, domain, ScanOrder(load())), company)


def main() -> None:
    prepared = asyncio.run(_scanned("typical.test", "Typical GmbH"))
    console = Console(record=True, width=118, file=StringIO(), force_terminal=True)
    show(console, prepared.content)
    IMAGES.mkdir(exist_ok=True)
    drawn = console.export_svg(title="hauberk scan typical.test --company 'Typical GmbH' --pdf")
    # The fonts that Rich would load from elsewhere: a reader's own will do.
    (IMAGES / "terminal.svg").write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL), encoding="utf-8")
    first, second, *_ = pages(prepared.content, 80)
    (IMAGES / "report-1.png").write_bytes(first)
    (IMAGES / "report-2.png").write_bytes(second)


if __name__ == "__main__":
    main()
