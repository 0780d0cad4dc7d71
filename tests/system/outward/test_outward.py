"""What Postfix is told about other domains' MTA-STS policies: in the lab's internet, asked by Postfix's own tool, byte by byte."""

import asyncio
import dataclasses
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.background import in_background
from hauberk.lab.declared import shipped
from hauberk.lab.internet import Lab
from hauberk.protocols.mta_sts import Mode, StsPolicy
from hauberk.system.outward.policies import Policies
from hauberk.system.outward.policy import Kept
from hauberk.system.outward.server import answer, netstring
from hauberk.world.live import LiveConfig

ENFORCED = "mta-sts-enforce.test"
EXPECTED = {
    ENFORCED: f"secure match=mx.{ENFORCED} servername=hostname",
    "exemplary.test": "",  # DANE decides (RFC 8461, 2)
    "mta-sts-testing.test": "",
    "mta-sts-mismatch.test": "secure match=old.mta-sts-mismatch.test servername=hostname",  # no host fits: mail waits
    "mta-sts-redirect.test": "",
    "mta-sts-untrusted.test": "",  # whoever can forge the policy host could forge a policy
    "tls12.test": "",
}


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    known = tuple(one for one in shipped() if one.name in EXPECTED)
    with in_background(Lab(at=datetime.now(UTC), domains=known), asyncio.new_event_loop) as running:
        yield running


def config(lab: Lab) -> LiveConfig:
    return LiveConfig(resolver=lab.resolver_url, routes=lab.routes, ca_file=lab.anchor_pem_path)


@pytest.mark.parametrize("domain", EXPECTED)
def test_each_domain_of_the_lab(lab: Lab, domain: str) -> None:
    assert asyncio.run(Policies(config(lab), Clock()).entry(domain)) == EXPECTED[domain]


def test_a_policy_outlives_its_record_and_a_restart_but_not_its_age(lab: Lab, tmp_path: Path) -> None:
    clock, file = Clock(), tmp_path / "policies.json"
    assert asyncio.run(Policies(config(lab), clock, file).entry(ENFORCED)) == EXPECTED[ENFORCED]
    # A resolver that knows nothing of it any more: an attacker on the path takes the record away.
    blind = dataclasses.replace(config(lab), resolver="udp://127.0.0.1:1", dns=0.2)
    for days, expected in ((1, EXPECTED[ENFORCED]), (6, EXPECTED[ENFORCED]), (8, "")):
        later = Clock()
        later.now = clock.now + timedelta(days=days)
        assert asyncio.run(Policies(blind, later, file).entry(ENFORCED)) == expected


def test_what_is_asked_again_soon_is_not_looked_up_again(lab: Lab) -> None:
    clock = Clock()

    async def twice() -> tuple[str, str, str]:
        policies = Policies(config(lab), clock)
        first, beside = await asyncio.gather(policies.entry(ENFORCED), policies.entry(ENFORCED))
        policies._config = LiveConfig(resolver="udp://127.0.0.1:1")  # pyright: ignore[reportPrivateUsage] - whoever asked now would wait
        return first, beside, await policies.entry(ENFORCED)

    assert set(asyncio.run(twice())) == {EXPECTED[ENFORCED]}


def test_wildcards_stand_for_one_domain() -> None:
    from hauberk.model.dns import NoAnswer, Silence
    from hauberk.protocols.dane import DaneRecords
    from hauberk.protocols.mx import MailRoute, Routing
    from hauberk.system.outward.policy import table_entry

    at = datetime.now(UTC)
    nowhere = DaneRecords(MailRoute(Routing.UNKNOWN, NoAnswer(Silence.TIMEOUT, "")))
    kept = Kept("1", StsPolicy(Mode.ENFORCE, 86400, ("mx.a.test", "*.b.test")), at, at)
    assert table_entry(kept, nowhere, at) == "secure match=mx.a.test:.b.test servername=hostname"


def served(entry: object, *requests: bytes) -> bytes:
    """What the server says to octets."""

    async def talk() -> bytes:
        server = await asyncio.start_server(lambda reader, writer: answer(reader, writer, entry), "127.0.0.1", 0, limit=4096)  # pyright: ignore[reportArgumentType]
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            for request in requests:
                writer.write(request)
            writer.write_eof()
            octets = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            return octets

    return asyncio.run(talk())


async def known(domain: str) -> str:
    if domain == "broken.test":
        raise OSError("no way")
    return "secure match=mx.a.test" if domain == "a.test" else ""


@pytest.mark.parametrize(
    ("request_", "reply"),
    [
        (b"14:mta-sts a.test,", b"25:OK secure match=mx.a.test,"),
        (b"15:mta-sts A.Test.,", b"25:OK secure match=mx.a.test,"),
        (b"14:mta-sts b.test,", b"9:NOTFOUND ,"),
        (b"19:mta-sts broken.test,", b"61:TEMP the MTA-STS policy of broken.test could not be looked up,"),
        (b"22:mta-sts [192.0.2.1]:25,", b"9:NOTFOUND ,"),
        (b"15:mta-sts .a.test,", b"9:NOTFOUND ,"),
        (b"0:,", b"9:NOTFOUND ,"),
        (b"14:mta-sts a.test,14:mta-sts b.test,", b"25:OK secure match=mx.a.test,9:NOTFOUND ,"),
        (b"14:mta-sts a.test;", b""),
        (b"014:mta-sts a.test,", b""),
        (b"99999:", b""),
        (b"-1:,", b""),
        (b"GET / HTTP/1.1\r\n\r\n", b""),
        (b"x" * 10_000, b""),
    ],
)
def test_the_protocol(request_: bytes, reply: bytes) -> None:
    assert served(known, request_) == reply


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_no_octets_hang_or_crash_the_server(requests: list[bytes]) -> None:
    served(known, *requests)


@given(st.text(max_size=50))
def test_whatever_is_asked_is_one_netstring(text: str) -> None:
    octets = served(known, netstring(f"mta-sts {text}"))
    head, _, rest = octets.partition(b":")
    assert rest.endswith(b",")
    assert len(rest) == int(head) + 1


def test_postfix_reads_the_table(tmp_path: Path) -> None:
    if shutil.which("postmap") is None:
        pytest.skip("Postfix is not installed")
    (tmp_path / "main.cf").write_text("compatibility_level = 3.6\n")

    async def asked(domain: str) -> tuple[int | None, str]:
        server = await asyncio.start_server(lambda reader, writer: answer(reader, writer, known), "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            command = ("postmap", "-c", str(tmp_path), "-q", domain, f"socketmap:inet:127.0.0.1:{port}:mta-sts")
            child = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            told, _ = await asyncio.wait_for(child.communicate(), 20)
            return child.returncode, told.decode()

    assert asyncio.run(asked("a.test")) == (0, "secure match=mx.a.test\n")
    assert asyncio.run(asked("b.test")) == (1, "")
