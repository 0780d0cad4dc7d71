"""A thousand domains are made quickly, alike every time, and can be given to real name servers."""

import asyncio
import time

import dns.zone

from hauberk.lab import bulk
from hauberk.lab.blueprint import draw
from hauberk.lab.internet import Lab


def test_the_same_number_gives_the_same_domain() -> None:
    assert bulk.domains(50) == bulk.domains(50)
    assert bulk.domains(60)[:52] == bulk.domains(50)
    assert bulk.names(12)[-1] == "d0012.test"
    assert len({domain.records.replace(domain.name, "") for domain in bulk.domains(200)}) > 100


def test_a_thousand_domains_start_quickly_and_share_few_endpoints() -> None:
    async def started() -> tuple[float, int, int]:
        began = time.perf_counter()
        async with Lab(domains=bulk.domains(1000)) as lab:
            endpoints = sum(port == 25 for _, port in lab.routes)
            return time.perf_counter() - began, endpoints, len(lab.domains)

    took, endpoints, domains = asyncio.run(started())
    assert endpoints == 8 and domains == 1000 and took < 5


def test_zone_files_are_read_by_others() -> None:
    lab = Lab(domains=bulk.domains(30))
    zones = draw(lab.declared, lab.pki).zones
    files = dict(bulk.zone_files(zones))
    assert {"d0001.test", "mailhost.example", "test", "zen.spamhaus.org", "in-addr.arpa"} <= files.keys()
    for apex, text in files.items():
        dns.zone.from_text(text, origin=f"{apex}.", relativize=False, check_origin=True)
    assert 'local-zone: "d0001.test." static' in bulk.local_data(zones)
