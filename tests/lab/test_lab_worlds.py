"""The shipped worlds are what their files say, and another process can be told where they are."""

import asyncio
import dataclasses
import time
import tomllib
from pathlib import Path
from typing import cast

import pytest

from hauberk.lab.blueprint import is_documentation
from hauberk.lab.declared import WORLDS, Declared, Variant, WorldFile, parse_world, shipped
from hauberk.lab.internet import Lab, read_directions, serve
from hauberk.lab.mailspec import MailServerSpec
from hauberk.lab.pki import CertificateSpec
from hauberk.lab.placeholders import expand
from hauberk.lab.webserver import PageSpec
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain

Table = dict[str, object]
NESTED = {"domain": Declared, "smtp": MailServerSpec, "https": PageSpec, "variant": Variant, "certificate": CertificateSpec}


def misspelled(table: Table, record: type) -> list[str]:
    """Keys that the record does not have: the decoder passes them over."""
    known = {field.name for field in dataclasses.fields(record)}
    wrong = [f"{record.__name__}.{key}" for key in table if key not in known]
    for key, inner in NESTED.items():
        value = table.get(key, [])
        rows = cast(list[Table], value if isinstance(value, list) else [value])
        wrong += [name for row in rows for name in misspelled(row, inner)]
    return wrong


@pytest.mark.parametrize("path", sorted(WORLDS.glob("*.toml")), ids=lambda path: path.name)
def test_no_key_is_misspelled(path: Path) -> None:
    assert misspelled(tomllib.loads(path.read_text("utf-8")), WorldFile) == []


def test_domains_are_named_once_and_understood() -> None:
    names = [domain.name for domain in shipped()]
    assert len(names) == len(set(names)) and not any(isinstance(parse_domain(name), Malformed) for name in names)
    assert "xn--bcher-kva.test" in names and any(len(name) == 200 for name in names)


def test_the_lab_starts_quickly_on_loopback_only() -> None:
    async def started() -> tuple[float, Lab]:
        began = time.perf_counter()
        async with Lab() as lab:
            return time.perf_counter() - began, lab

    took, lab = asyncio.run(started())
    assert took < 1.5
    assert {to for to, _ in lab.routes.values()} == {"127.0.0.1"}
    assert all(is_documentation(address) for address, _ in lab.routes)
    assert not lab.anchor_pem_path.exists(), "the folder goes away with the lab"


def test_every_domain_of_the_issue_is_there() -> None:
    wanted = """exemplary typical bad no-starttls expired self-signed wrong-name tls10 wrong-tlsa greylisting slow closing null-mx ipv6-only
    implicit-mx spf-ten-lookups spf-loop revoked-dkim mta-sts-testing bogus lame mx-private hostile-txt twelve-mx xn--bcher-kva big-txt
    cname-loop dangling-include"""
    assert {f"{name}.test" for name in wanted.split()} <= Lab().domains.keys()


def test_a_set_given_takes_the_place_of_the_base() -> None:
    world = """
    base = '''
    @ MX 10 mx.{name}.
    mx A {address}
    @ TXT "v=spf1 mx -all"
    '''
    first = 7
    [[domain]]
    name = "a.test"
    base = true
    without = ["mx A"]
    records = '@ TXT "other {name} {address}"'
    """
    (domain,) = parse_world(world)
    assert [line.strip() for line in domain.records.splitlines() if line.strip()] == [
        "@ MX 10 mx.a.test.",
        '@ TXT "other a.test 198.51.100.7"',
    ]


def test_macros_are_no_placeholders() -> None:
    issued = Lab().pki.issue(CertificateSpec(("a.test",)))
    assert expand("exists:%{i}.%{ir}._spf {filler:5}", lambda _: issued) == 'exists:%{i}.%{ir}._spf "Haube"'
    with pytest.raises(ValueError, match="unknown placeholder"):
        expand("{nonsense-sha256:a}", lambda _: issued)


def test_another_process_is_told_where_the_lab_is(tmp_path: Path) -> None:
    file = tmp_path / "lab.json"

    async def look() -> None:
        ready = asyncio.Event()
        serving = asyncio.create_task(serve(file, ready=ready.set))
        await ready.wait()
        directions = read_directions(file)
        assert directions.resolver.startswith("udp://127.0.0.1:")
        assert directions.ca_file.endswith("root.pem")
        assert any(route.address == "192.0.2.11" and route.port == 25 for route in directions.routes)
        assert dict(directions.domains)["exemplary.test"].startswith("Everything right")
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(look())
    assert not file.exists()
