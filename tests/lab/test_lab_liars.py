"""Whatever the resolver is like, a scan ends, nothing crashes, and what it could not see is not held against the domain."""

import asyncio

import pytest

from hauberk.app.scanning import Scan, ScanOrder, now, scan_domain
from hauberk.lab.declared import WORLDS, parse_world
from hauberk.lab.internet import LAB_HELO, Lab
from hauberk.lab.nameserver import Lie
from hauberk.model.score import Band
from hauberk.model.verdict import Verdict
from hauberk.scoring.rubric import load
from hauberk.world.live import LiveConfig, LiveWorld

DEAD = (Lie.SERVFAIL, Lie.REFUSING, Lie.SILENT, Lie.GARBAGE, Lie.WRONG_QUESTION)


def scanned(lie: Lie) -> Scan:
    """What a scan of exemplary.test through such a resolver comes to."""

    async def scan() -> Scan:
        async with Lab(at=now(), domains=parse_world((WORLDS / "main.toml").read_text("utf-8"))) as lab:
            resolver = await lab.lying_resolver(lie)
            config = LiveConfig(resolver=resolver, helo=LAB_HELO, routes=lab.routes, ca_file=lab.anchor_pem_path, dns=0.5)
            async with LiveWorld(config) as world:
                return await scan_domain(world, "exemplary.test", ScanOrder(load(), plan=False, limit=20))

    return asyncio.run(scan())


@pytest.mark.parametrize("lie", Lie)
def test_a_lying_resolver_harms_nobody(lie: Lie) -> None:
    scan = scanned(lie)
    assert scan.observation.finished
    verdicts = {one.check: one.verdict for one in scan.assessment.verdicts}
    assert Verdict.ERROR not in verdicts.values() and Verdict.FAIL not in verdicts.values()
    if lie in DEAD:
        assert scan.assessment.score.incomplete and scan.assessment.score.band is not Band.GREEN
    elif lie is not Lie.ALWAYS_AD:
        assert verdicts["dnssec.domain-signed"] is Verdict.UNKNOWN
