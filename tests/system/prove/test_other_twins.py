"""The broken twins of scanning, authentication, accounts and flows, and what refuses to begin."""

import asyncio
import os
import re
import socket
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from hauberk.system.declaration import Declaration
from hauberk.system.prove import accounts, authentication, encryption, engines, flows, gathering, virus
from hauberk.system.prove.catalogue import all_experiments
from hauberk.system.prove.declared import flows as declared_flows
from hauberk.system.prove.experiment import Experiment, run_all
from hauberk.system.prove.experiment import run as carry_out
from hauberk.system.prove.listing import every_probe, noticing, page
from hauberk.system.prove.mutations import NothingToChangeError, edited, mutations
from hauberk.system.prove.probe import Outcome, Place, State, Vantage
from hauberk.system.prove.targets import Account, Engines, Files, Flow, Service, Targets, Zone, decode, encode
from hauberk.system.prove.testers_file import BadTestersError, read
from hauberk.system.stage import play
from system.prove.fake_imap import FakeImap
from system.prove.fake_mta import ALICE, FakeMta, anchors, inspected, listening, only_own, seekers, targets
from system.prove.proving import clock, outcomes, states


def only(experiments: Iterable[Experiment], *starts: str) -> list[Experiment]:
    return [one for one in experiments if one.probe.id.startswith(starts)]


def inbound(server: FakeMta, *starts: str) -> dict[str, Outcome]:
    """The probes of strangers, whatever the module, with these beginnings of ids."""

    async def run() -> dict[str, Outcome]:
        async with listening(server.serve) as port:
            wanted = targets(mx=port)
            groups = (
                *virus.experiments(wanted),
                *engines.experiments(wanted),
                *authentication.experiments(wanted),
                *encryption.experiments(wanted),
            )
            return await outcomes(only(groups, *starts), wanted, seekers(server))

    return asyncio.run(run())


def scanned(message: bytes) -> str:
    """Knows what the probes send by their markers, as a scanner that unpacks archives would."""
    if b"FIRST-CANARY" in message or b"SECOND-CANARY" in message or b"application/zip" in message or b"application/gzip" in message:
        return "554 5.7.1 virus found"
    return "554 5.7.1 virus found" if b"eicar.com" in message or b"notes.txt" in message else inspected(message)


INBOUND = ("m1.virus.in.", "m2.canary.first", "m2.canary.second-in", "m3.", "m10.spoof.")


def test_a_server_that_scans_and_authenticates_passes() -> None:
    found = states(inbound(FakeMta(judge_message=scanned), *INBOUND))
    assert {state for name, state in found.items() if name != "m2.canary.first-out"} == {State.PASS}


def test_a_server_that_takes_everything_is_caught_by_each_probe() -> None:
    found = states(inbound(FakeMta(judge_message=lambda _: "250 ok"), *INBOUND))
    assert {state for name, state in found.items() if name != "m2.canary.first-out"} == {State.FAIL} and len(found) >= 15


def test_a_scanner_that_is_gone_is_inconclusive_and_a_virus_refused_for_something_else_is_no_proof() -> None:
    assert set(states(inbound(FakeMta(judge_message=lambda _: "451 later"), "m1.virus.in.")).values()) == {State.INCONCLUSIVE}
    assert set(states(inbound(FakeMta(judge_message=lambda _: "554 too long"), "m1.virus.in.")).values()) == {State.INCONCLUSIVE}


def test_the_control_fails_where_a_clean_message_is_refused_or_does_not_arrive() -> None:
    assert states(inbound(FakeMta(judge_recipient=lambda _: "550 no"), "m1.control.inbound"))["m1.control.inbound"] is State.FAIL
    lost = FakeMta()
    lost.kept = Void()
    assert states(inbound(lost, "m1.control.inbound"))["m1.control.inbound"] is State.FAIL


class Void(list[tuple[tuple[bytes, ...], bytes]]):
    def append(self, _: object) -> None:
        return


def test_a_server_without_starttls_is_caught() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mx\r\n")
        while line := await reader.readline():
            writer.write(b"502 no\r\n" if b"STARTTLS" in line else b"250 mx\r\n")
        writer.close()

    async def run() -> dict[str, Outcome]:
        async with listening(refuse) as port:
            wanted = targets(mx=port)
            return await outcomes(only(encryption.experiments(wanted), "m9.tls.mx"), wanted, {})

    assert states(asyncio.run(run())) == {"m9.tls.mx": State.FAIL}


PEOPLE = {
    "suspended": Account("carol@corp.test", "pw-carol"),
    "leaver": Account("erin@corp.test", "pw-erin"),
    "leaver_app": Account("erin@corp.test", "pw-app"),
    "mover": Account("dave@corp.test", "pw-dave"),
}


def at_desk(server: FakeImap, *starts: str) -> dict[str, Outcome]:
    async def run() -> dict[str, Outcome]:
        async with listening(server.serve, tls=True) as port:
            wanted = replace(targets(imap=port), imap=Service("mail.corp.test", ("127.0.0.1",), port), **PEOPLE)
            chosen = only(accounts.experiments(wanted), *starts)
            return await outcomes(chosen, wanted, {})

    return asyncio.run(run())


def anybody(_user: str, _password: str) -> bool:
    return True


def nobody(_user: str, _password: str) -> bool:
    return False


LOGINS = ("m6.control.login", "m6.login.", "m6.suspended.login", "m6.leaver.login", "m6.leaver.app-password-login")


def test_a_server_that_knows_its_people_passes_and_one_that_takes_any_password_is_caught() -> None:
    assert set(states(at_desk(FakeImap(), *LOGINS)).values()) == {State.PASS}
    found = states(at_desk(FakeImap(lets_in=anybody), *LOGINS))
    assert found.pop("m6.control.login") is State.PASS and set(found.values()) == {State.FAIL} and len(found) == 5


@pytest.mark.parametrize(
    ("said", "state"), [("535 5.7.8 wrong", State.PASS), ("235 2.7.0 in", State.FAIL), ("454 later", State.INCONCLUSIVE)]
)
def test_who_has_left_or_is_suspended_and_can_submit_is_noticed(said: str, state: State) -> None:
    async def run() -> dict[str, Outcome]:
        async with listening(FakeMta(offers_auth=True, login_said=said).serve, tls=True) as port:
            wanted = replace(targets(submission=port), **PEOPLE)
            chosen = only(accounts.experiments(wanted), "m6.leaver.submit", "m6.leaver.app-password-submit", "m6.suspended.submit")
            return await outcomes(chosen, wanted, {})

    found = states(asyncio.run(run()))
    assert len(found) == 3 and set(found.values()) == {state}


def test_every_probe_has_been_seen_failing() -> None:
    """On the stage by a mutation, or here and in test_relay_and_smuggling.py by a fake server, each by its name."""
    by_fakes = ("m4.relay.", "m4.smuggling.", "m4.injection.", "m4.commands.", "m2.families", *LOGINS, "m6.leaver.app-", "m6.session.ends")
    unseen = [one.id for one in every_probe() if one.id not in noticing() and not one.id.startswith(by_fakes)]
    assert unseen == []
    assert set(noticing()) <= {one.id for one in every_probe()}


def test_the_page_of_measures_is_as_the_program_writes_it() -> None:
    assert (Path(__file__).parents[3] / "docs/measures.md").read_text() == page(), "run: hauberk system probes > docs/measures.md"


def test_a_session_that_is_ended_passes_and_one_that_lives_on_is_caught() -> None:
    ended = FakeImap(lets_in=anybody)

    async def run(server: FakeImap, end: bool) -> State:
        async def cue(_: str) -> None:
            if end:
                server.ended.set()

        async with listening(server.serve, tls=True) as port:
            wanted = replace(targets(imap=port), **PEOPLE)
            (one,) = only(accounts.experiments(wanted), accounts.KICKED)
            quick = replace(one, carry=accounts.is_kicked(PEOPLE["mover"], 0.3))
            return (await carry_out(quick, wanted, clock, cue)).finding.state

    assert asyncio.run(run(ended, True)) is State.PASS
    assert asyncio.run(run(FakeImap(lets_in=anybody), False)) is State.FAIL
    assert asyncio.run(run(FakeImap(lets_in=nobody), True)) is State.INCONCLUSIVE


def test_mail_for_who_has_left_is_noticed_when_it_is_taken() -> None:
    async def run(server: FakeMta) -> dict[str, Outcome]:
        async with listening(server.serve) as port:
            wanted = replace(targets(mx=port), **PEOPLE)
            return await outcomes(only(accounts.experiments(wanted), "m6.receive.unknown", "m6.leaver.receives"), wanted, {})

    assert set(states(asyncio.run(run(FakeMta(judge_recipient=only_own)))).values()) == {State.PASS}
    assert set(states(asyncio.run(run(FakeMta(judge_recipient=lambda _: "250 ok")))).values()) == {State.FAIL}


def test_a_mailbox_is_searched_by_the_token_in_the_header() -> None:
    held = [b"X-Hauberk-Token: t1\r\n\r\nhello\r\n", b"Subject: x\r\n\r\nX-Hauberk-Token: t2\r\n"]

    async def run() -> list[str]:
        async with listening(FakeImap(messages=held).serve, tls=True) as port:
            service = Service("mail.corp.test", ("127.0.0.1",), port)
            seek = gathering.mailbox(service, Account(ALICE, "right"), anchors(), Place.MAILBOX, clock)
            return [one.token for one in await seek(frozenset({"t1", "t2"})) if one.raw == held[0]]

    assert asyncio.run(run()) == ["t1"]


def test_a_password_is_in_no_transcript() -> None:
    async def run() -> str:
        async with listening(FakeImap().serve, tls=True) as port, listening(FakeMta(offers_auth=True).serve, tls=True) as submission:
            wanted = replace(targets(imap=port, submission=submission), **PEOPLE)
            attempts = await run_all(only(accounts.experiments(wanted), "m6."), wanted, clock)
            return "\n".join(line.text for attempt in attempts for line in attempt.transcript.lines)

    said = asyncio.run(run())
    assert "password not shown" in said and "LOGIN" in said and "AUTH PLAIN" in said
    assert not re.search(r"right|pw-|" + "AGFsaWNl", said)


def flow_states(port: int, *, opened: bool) -> dict[str, State]:
    wanted = replace(
        targets(),
        flows=(Flow(Vantage.INTERNET, Vantage.DMZ, "tcp", port),) if opened else (),
        zones=(Zone(Vantage.DMZ, ("127.0.0.1",)),),
    )
    chosen = [one for one in flows.experiments(wanted) if one.probe.vantage is Vantage.INTERNET]
    return states(asyncio.run(outcomes(chosen, wanted, {})))


def test_an_open_flow_that_answers_passes_and_one_that_does_not_is_caught() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert flow_states(port, opened=True)["m5.open.internet-dmz"] is State.PASS
    assert flow_states(port, opened=True)["m5.open.internet-dmz"] is State.FAIL


def test_a_reset_means_that_the_packet_came_through_so_it_is_not_closed() -> None:
    assert flow_states(1, opened=False) == {"m5.closed.internet-dmz": State.FAIL}


def matrix(declared: Declaration) -> set[tuple[str, str, int]]:
    return {(one.source.value, one.destination.value, one.port) for one in declared_flows(declared)}


def test_the_flows_of_the_probes_are_those_of_the_written_matrix() -> None:
    declared = play.declaration("/mta", "/mda")
    assert matrix(declared) == {
        *{("internet", "dmz", port) for port in (25, 443)},
        *{("dmz", "internet", port) for port in (25, 53, 80, 443)},
        ("dmz", "inside", 24),
        *{("inside", "dmz", port) for port in (53, 8081, 10025)},  # 8081: virus signatures, which the inside cannot fetch itself
        *{("workstation", "inside", port) for port in (465, 993)},
        ("workstation", "dmz", 53),
    }
    asking = replace(declared, confidentiality=replace(declared.confidentiality, wkd=True))
    assert matrix(asking) - matrix(declared) == {("inside", "internet", 443)}
    assert matrix(replace(asking, confidentiality=replace(asking.confidentiality, enabled=False))) == matrix(declared)


def test_engines_of_the_workstations_family_only_and_old_signatures_are_caught(tmp_path: Path) -> None:
    database = tmp_path / "daily.cvd"
    database.write_bytes(b"x")

    def judged(wanted: Targets) -> dict[str, State]:
        return states(asyncio.run(outcomes(only(engines.experiments(wanted), "m2.families", "m1.signatures"), wanted, {})))

    files = Files(str(tmp_path), signature_days=7)
    os.utime(database, times=(clock().timestamp(), clock().timestamp()))
    assert judged(targets(files=files)) == {"m2.families": State.PASS, "m1.signatures.fresh": State.PASS}
    os.utime(database, times=(0, clock().timestamp() - 8 * 86_400))
    assert judged(targets(files=files, engines=Engines(("clamav",), ("clamav",)))) == {
        "m2.families": State.FAIL,
        "m1.signatures.fresh": State.FAIL,
    }
    database.unlink()
    assert judged(targets(files=files))["m1.signatures.fresh"] is State.FAIL


@pytest.mark.parametrize("content", ["-----BEGIN PGP PRIVATE KEY BLOCK-----", "{ARGON2ID}$argon2id$v=19"])
def test_what_does_not_belong_into_the_dmz_is_found(tmp_path: Path, content: str) -> None:
    (tmp_path / "main.cf").write_text("myhostname = mx")
    wanted = targets(files=Files(tree=(str(tmp_path),)))
    chosen = only(encryption.experiments(wanted), "m9.dmz.")
    assert set(states(asyncio.run(outcomes(chosen, wanted, {}))).values()) == {State.PASS}
    (tmp_path / "forgotten").write_text(content)
    assert set(states(asyncio.run(outcomes(chosen, wanted, {}))).values()) == {State.FAIL}


def test_targets_travel_and_every_probe_has_an_id_of_its_own() -> None:
    wanted = replace(targets(), **PEOPLE)
    assert decode(encode(wanted)) == wanted
    ids = [one.probe.id for one in all_experiments(wanted)]
    assert len(ids) == len(set(ids)) > 120
    assert all(one.probe.id.startswith(f"{one.probe.measure.lower()}.") for one in all_experiments(wanted))


def test_mutations_have_names_of_their_own_and_one_that_finds_nothing_says_so() -> None:
    assert len({one.id for one in mutations()}) == len(mutations()) >= 50
    (edit,) = next(one for one in mutations() if one.id == "vrfy").edits
    assert "disable_vrfy_command = no" in edited("disable_vrfy_command = yes\n", edit)
    with pytest.raises(NothingToChangeError, match="has nothing like"):
        edited("something_else = yes\n", edit)


PROVE = """
[mailbox]
address = "alice@corp.test"
password = "x"
[colleague]
address = "bob@corp.test"
[outside]
address = "sink@partner.test"
stranger = "probe@evil.test"
helo = "mx.evil.test"
[sink]
host = "imap.partner.test"
user = "sink"
password = "x"
"""


def test_the_file_of_test_accounts_is_read() -> None:
    testers, sink = read(PROVE, play.declaration("/a", "/b"))
    assert testers.mailbox.address == ALICE and sink.service.port == 993 and testers.files.signature_days == 2


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('"alice@corp.test"', '"alice@elsewhere.test"'), "in no domain of the declaration"),
        (('"sink@partner.test"', '"sink@corp.test"'), "is inside"),
        (("[sink]", "[sync]"), "sync"),
        (('user = "sink"', 'user = "sink"\nuser = "s"'), "overwrite"),
        (('helo = "mx.evil.test"', ""), "helo"),
        (("[mailbox]", "unknown = 1\n[mailbox]"), "unknown"),
        (("[mailbox]", f"alias = 1{'0' * 5000}\n[mailbox]"), "digits"),
    ],
)
def test_a_wrong_file_of_test_accounts_is_refused_with_a_reason(change: tuple[str, str], why: str) -> None:
    with pytest.raises(BadTestersError, match=why):
        read(PROVE.replace(*change), play.declaration("/a", "/b"))
