"""Proving vantage by vantage as on real hosts, against fake servers on loopback."""

import asyncio
from pathlib import Path

import pytest

from hauberk.app.proving_hosts import (
    Halfway,
    NotProvedError,
    Order,
    attempt,
    order,
    read_halfway,
    read_part,
    seen_inside,
    settled,
    write_halfway,
)
from hauberk.system import material_folder
from hauberk.system.prove import vantage
from hauberk.system.prove.evidence import Proof
from hauberk.system.prove.measures import Standing, judge
from hauberk.system.prove.probe import Place, State, Vantage
from hauberk.system.prove.settling import Gathered
from hauberk.system.prove.targets import Account, Service
from hauberk.system.prove.testers_file import Sink
from hauberk.system.stage import play
from system.prove.fake_imap import FakeImap
from system.prove.fake_mta import FakeMta, anchors, listening, targets
from system.prove.proving import clock

DECLARED = play.declaration("/mta", "/mda")


def given(mx: int, imap: int, sink: int, password: str = "right") -> Order:
    service = Service("mail.corp.test", ("127.0.0.1",), sink)
    return Order(DECLARED, targets(mx=mx, imap=imap), Sink(service, Account("sink", password), anchors()))


def sink_reader(user: str, password: str) -> bool:
    return (user, password) == ("sink", "right")


def test_parts_of_two_vantages_settle_into_one_proof_that_names_what_is_missing(tmp_path: Path) -> None:
    mta, people, sink = FakeMta(), FakeImap(), FakeImap(lets_in=sink_reader)

    async def run() -> Proof:
        async with listening(mta.serve) as mx, listening(people.serve, tls=True) as imap, listening(sink.serve, tls=True) as far:
            wanted = given(mx, imap, far)
            (tmp_path / "internet.part.json").write_bytes(vantage.encode(await attempt(wanted, Vantage.INTERNET, clock)))
            people.messages += [raw for _, raw in mta.kept]
            own = await attempt(wanted, Vantage.WORKSTATION, clock)
            halfway = await seen_inside(wanted, (*read_part(tmp_path / "internet.part.json"), *own), clock, seconds=0.5)
            (tmp_path / "workstation.part.json").write_bytes(write_halfway(halfway))
            return await settled(wanted, read_halfway(tmp_path / "workstation.part.json"), clock, seconds=0.5)

    proof = asyncio.run(run())
    found = {one.probe.id: one.state for one in proof.outcomes}
    assert found["m4.relay.plain"] is State.INCONCLUSIVE  # the control wants Authentication-Results, which the fake server does not write
    assert found["m6.control.login"] is State.PASS and found["m6.login.wrong-password"] is State.PASS
    assert "m9.link.relay-no-certificate" in proof.missing
    assert {one.measure.value: one.standing for one in judge(proof.outcomes, proof.missing)}["M7"] is Standing.OPEN
    assert proof.at == clock() and len(proof.declaration) == 64


def test_nothing_is_sent_while_the_sink_is_not_shown_to_be_ours() -> None:
    mta, sink = FakeMta(), FakeImap(lets_in=sink_reader)

    async def run(password: str, port: int = 0) -> None:
        async with listening(mta.serve) as mx, listening(sink.serve, tls=True) as far:
            await attempt(given(mx, 1, port or far, password), Vantage.INTERNET, clock)

    with pytest.raises(NotProvedError, match="has to be yours"):
        asyncio.run(run("wrong"))
    with pytest.raises(NotProvedError, match="does not answer"):
        asyncio.run(run("right", 1))
    assert mta.kept == []


def test_behind_the_firewall_the_internet_s_part_shows_that_the_sink_is_ours(tmp_path: Path) -> None:
    """As declared, no zone but the internet can open the sink."""
    mta, people, sink = FakeMta(), FakeImap(), FakeImap(lets_in=sink_reader)

    async def run() -> tuple[int, set[Place]]:
        async with listening(mta.serve) as mx, listening(people.serve, tls=True) as imap:
            async with listening(sink.serve, tls=True) as far:
                part = await attempt(given(mx, imap, far), Vantage.INTERNET, clock)
            shut = given(mx, imap, far)
            own = await attempt(shut, Vantage.WORKSTATION, clock, part)
            with pytest.raises(NotProvedError, match="has to be yours"):
                await attempt(shut, Vantage.WORKSTATION, clock, own)
            halfway = await seen_inside(shut, (*part, *own), clock, seconds=0.2)
            with pytest.raises(NotProvedError, match="has to be yours"):
                await settled(shut, halfway, clock, seconds=0.2)
            return len(own), set(halfway.inside.looked_at)

    tried, looked_at = asyncio.run(run())
    assert tried > 0 and looked_at <= {Place.MAILBOX}


def test_the_keys_lie_on_the_machine_that_settles_and_their_public_halves_travel(tmp_path: Path) -> None:
    account = '[{}]\naddress = "a@corp.test"\npassword = "x"\n'
    outside = '[outside]\naddress = "s@out.test"\nstranger = "p@out.test"\nhelo = "h.out.test"\n'
    sink = '[sink]\nhost = "imap.out.test"\nuser = "s"\npassword = "x"\n'
    (tmp_path / "prove.toml").write_text(account.format("mailbox") + account.format("colleague") + outside + sink)
    assert order(DECLARED, tmp_path / "prove.toml").targets.dkim == ()
    with pytest.raises(NotProvedError, match=r"no DKIM key of corp\.test"):
        order(DECLARED, tmp_path / "prove.toml", tmp_path / "mail.keys")
    material_folder.make(DECLARED, tmp_path / "mail.keys", clock().date())
    held = order(DECLARED, tmp_path / "prove.toml", tmp_path / "mail.keys").targets.dkim
    assert held
    written = write_halfway(Halfway((), Gathered((), frozenset()), held))
    (tmp_path / "part").write_bytes(written)
    assert read_halfway(tmp_path / "part").published == held


def test_an_order_needs_a_file_of_accounts_and_parts_have_to_be_parts(tmp_path: Path) -> None:
    with pytest.raises(NotProvedError, match="cannot be read"):
        order(DECLARED, tmp_path / "prove.toml")
    (tmp_path / "prove.toml").write_text("alias = 1")
    with pytest.raises(NotProvedError, match=r"prove\.toml"):
        order(DECLARED, tmp_path / "prove.toml")
    (tmp_path / "part").write_text("{}")
    with pytest.raises(NotProvedError, match="no part of a proof"):
        read_part(tmp_path / "part")
    with pytest.raises(NotProvedError, match="not what a workstation wrote"):
        read_halfway(tmp_path / "part")
