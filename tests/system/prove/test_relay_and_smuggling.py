import asyncio
import re

import pytest

from hauberk.system.prove import relay, smuggling
from hauberk.system.prove.probe import Outcome, State
from system.prove.fake_mta import FAR, FakeMta, inspected, listening, seekers, targets
from system.prove.proving import outcomes, states


def relayed(server: FakeMta, *names: str) -> dict[str, Outcome]:
    async def run() -> dict[str, Outcome]:
        async with listening(server.serve) as port:
            wanted = targets(mx=port)
            chosen = [one for one in relay.experiments(wanted) if not names or one.probe.id.removeprefix("m4.relay.") in names]
            return await outcomes(chosen, wanted, seekers(server))

    return asyncio.run(run())


def smuggled(server: FakeMta, *names: str) -> dict[str, Outcome]:
    async def run() -> dict[str, Outcome]:
        async with listening(server.serve) as port:
            wanted = targets(mx=port)
            chosen = [one for one in smuggling.experiments(wanted) if not names or one.probe.id in names]
            return await outcomes(chosen, wanted, seekers(server))

    return asyncio.run(run())


def test_there_are_more_than_forty_forms_and_more_than_fourteen_ends_of_data() -> None:
    assert len({form.name for form in relay.FORMS}) == len(relay.FORMS) >= 41
    assert len(set(smuggling.ENDS.values())) == len(smuggling.ENDS) >= 14
    assert not any(b"\r\n.\r\n" in end for end in smuggling.ENDS.values())


def test_a_sound_server_passes_every_relay_form() -> None:
    found = relayed(FakeMta())
    assert set(states(found).values()) == {State.PASS}, [one for one in found.values() if one.state is not State.PASS]


def test_an_open_relay_is_caught_by_every_form() -> None:
    found = relayed(FakeMta(judge_recipient=lambda _: "250 ok"))
    assert set(states(found).values()) == {State.FAIL}, [name for name, state in states(found).items() if state is not State.FAIL]


HOLES: list[tuple[str, str]] = [
    (r"%partner\.test@", "percent"),
    (r"^<partner\.test!", "bang"),
    (r"!sink@", "bang-own"),
    (r'^<"[^"]*@partner\.test"@corp', "quoted-own"),
    (r"^<@", "source-route"),
    (r"@partner\.test@corp", "two-ats"),
    (r"^sink", "no-brackets"),
    (r"SRS0=", "forged-srs0"),
    (r"@\[127\.0\.0\.1\]>$", "two-ats-address"),
]


@pytest.mark.parametrize(("hole", "form"), HOLES, ids=[form for _, form in HOLES])
def test_a_server_that_relays_one_form_only_is_caught_by_that_form(hole: str, form: str) -> None:
    server = FakeMta(judge_recipient=lambda to: "250 ok" if re.search(hole, to.decode("latin-1")) else "554 5.7.1 relay access denied")
    found = states(relayed(server, form, "plain"))
    assert found == {f"m4.relay.{form}": State.FAIL, "m4.relay.plain": State.PASS}


def test_what_was_accepted_but_never_came_out_is_no_proof_of_anything() -> None:
    server = FakeMta(judge_recipient=lambda _: "250 ok")
    server.kept = Void()
    assert states(relayed(server, "plain")) == {"m4.relay.plain": State.INCONCLUSIVE}


class Void(list[tuple[tuple[bytes, ...], bytes]]):
    def append(self, _: object) -> None:
        return


def test_a_refusal_for_the_moment_is_inconclusive_at_rcpt_and_after_the_data() -> None:
    at_rcpt = FakeMta(judge_recipient=lambda _: "450 4.7.1 greylisted")
    at_end = FakeMta(judge_recipient=lambda _: "250 ok", judge_message=lambda _: "451 4.7.1 later")
    assert set(states(relayed(at_rcpt, "plain", "percent")).values()) == {State.INCONCLUSIVE}
    assert set(states(relayed(at_end, "plain", "percent")).values()) == {State.INCONCLUSIVE}


def test_no_probe_ever_names_a_domain_or_connects_to_a_host_that_is_not_declared() -> None:
    seen: list[bytes] = []

    def judge(recipient: bytes) -> str:
        seen.append(recipient)
        return "554 no"

    relayed(FakeMta(judge_recipient=judge))
    domains = {word for one in seen for word in re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.test", one.decode("latin-1").lower())}
    assert len(seen) >= 41 and domains <= {FAR, "corp.test", "mx1.corp.test"}


def test_a_sound_server_passes_every_smuggling_probe_and_the_injections() -> None:
    found = smuggled(FakeMta())
    assert set(states(found).values()) == {State.PASS}, [one for one in found.values() if one.state is not State.PASS]


@pytest.mark.parametrize("name", smuggling.ENDS)
def test_a_server_that_takes_this_for_the_end_of_the_data_is_caught(name: str) -> None:
    server = FakeMta(ends=(smuggling.ENDS[name],), strict_lines=False, patient=True, judge_message=lambda _: "250 ok")
    (found,) = smuggled(server, f"m4.smuggling.{name}").values()
    assert found.state is State.FAIL and "taken for the end" in found.said and "was delivered" in found.said


def test_a_server_that_keeps_the_odd_end_inside_the_message_passes() -> None:
    server = FakeMta(strict_lines=False, judge_message=lambda _: "250 ok")
    assert states(smuggled(server, "m4.smuggling.lf-dot-lf")) == {"m4.smuggling.lf-dot-lf": State.PASS}


TWINS: list[tuple[str, FakeMta]] = [
    ("m4.injection.starttls", FakeMta(injectable=True)),
    ("m4.injection.early-talker", FakeMta(patient=True, judge_message=lambda _: "250 ok")),
    ("m4.commands.vrfy", FakeMta(verbs={"VRFY": "250 alice@corp.test"})),
    ("m4.commands.expn", FakeMta(verbs={"EXPN": "250 alice@corp.test"})),
    ("m4.commands.etrn", FakeMta(verbs={"ETRN": "250 queuing started"})),
    ("m4.commands.no-auth", FakeMta(offers_auth=True)),
]


@pytest.mark.parametrize(("probe", "server"), TWINS, ids=[probe for probe, _ in TWINS])
def test_the_broken_twin_of_each_other_probe_is_caught(probe: str, server: FakeMta) -> None:
    assert states(smuggled(server, probe)) == {probe: State.FAIL}


def test_the_transcript_shows_the_octets_and_hides_the_password() -> None:
    (found,) = smuggled(FakeMta(offers_auth=True), "m4.commands.no-auth").values()
    assert found.transcript.startswith("sha256:")


def test_a_server_that_is_not_there_is_inconclusive() -> None:
    async def run() -> dict[str, Outcome]:
        wanted = targets(mx=1)
        return await outcomes([*relay.experiments(wanted), *smuggling.experiments(wanted)], wanted, seekers(FakeMta()))

    assert set(states(asyncio.run(run())).values()) == {State.INCONCLUSIVE}


def test_inspection_of_the_fake_server_is_no_yes_to_everything() -> None:
    assert inspected(b"From: x@evil.test\r\n\r\nhello").startswith("250")
