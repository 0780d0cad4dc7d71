"""The TLS probe against Debian's Postfix behind its rate limits and behind postscreen: complete, or honestly partial, never wrong."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Generator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
import uvloop

from hauberk.model.observation import Observation, ScanOptions
from hauberk.model.transport import Endpoint, SmtpSession, Trial, TrialMatter
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.trial import Obeyed, read_trial
from hauberk.protocols.walk import Walk, converse_each, replay, replies
from hauberk.survey.recorder import Recorder
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.politeness import Manners
from lab import real_postfix
from lab.real_tls_servers import EVERYTHING, MODERN, ONLY_1_3, pair

Looked: TypeAlias = tuple[TlsFacts, Observation]
Run: TypeAlias = Callable[[Coroutine[object, object, Looked]], Looked]
ADDRESS = "192.0.2.25"
STANDARD = ScanOptions(depth="standard")
SERVICES = {
    "everything": EVERYTHING,
    "modern": MODERN,
    "only_1_3": ONLY_1_3,
    "anvil": (*EVERYTHING, "smtpd_client_connection_rate_limit=30", "smtpd_client_new_tls_session_rate_limit=20"),
    "few_sessions": (*EVERYTHING, "smtpd_client_new_tls_session_rate_limit=6"),
    "few_connections": (*EVERYTHING, "smtpd_client_connection_rate_limit=9"),
    "wrapped": (*EVERYTHING, "smtpd_tls_wrappermode=yes"),
    "wrapped_few": (*EVERYTHING, "smtpd_tls_wrappermode=yes", "smtpd_client_new_tls_session_rate_limit=6"),
    real_postfix.POSTSCREEN: (),
}


@pytest.fixture(scope="module")
def postfix() -> Generator[real_postfix.Postfix]:
    if reason := real_postfix.missing():
        pytest.skip(reason)
    with (
        tempfile.TemporaryDirectory(prefix="hauberk-postfix-", ignore_cleanup_errors=True) as name,
        real_postfix.running(Path(name), SERVICES, pair(), greet_wait="2s") as server,
    ):
        yield server


def _walk(endpoint: Endpoint) -> Walk[TlsFacts]:
    (session,) = yield from converse_each((endpoint,))
    return (yield from probe_endpoint(endpoint, session, STANDARD))


async def look(postfix: real_postfix.Postfix, service: str, port: int = 25) -> Looked:
    routes = {(ADDRESS, port): ("127.0.0.1", postfix.ports[service])}
    config = LiveConfig(resolver="udp://127.0.0.1:9", helo="probe.example.net", routes=routes, manners=Manners(pause=0.0))
    async with LiveWorld(config) as world:
        recorder = Recorder(world)
        facts = await recorder.drive(_walk(Endpoint(real_postfix.HOST, ADDRESS, port)))
        return facts, recorder.tape("partner.test", datetime.now(UTC), STANDARD, finished=True)


def contradictions(partial: TlsFacts, whole: TlsFacts) -> list[str]:
    """What the partial facts claim and the whole ones deny. Lists may be shorter; a claim in them may not differ."""
    claims = [(field.name, getattr(partial, field.name), getattr(whole, field.name)) for field in fields(TlsFacts)]
    wrong = [name for name, ours, theirs in claims if isinstance(ours, bool) and isinstance(theirs, bool) and ours is not theirs]
    wrong += [fact.version for fact in partial.versions if fact.accepted not in (None, whole.accepted(fact.version))]
    wrong += [fact.grade for fact in partial.suite_grades if fact.accepted not in (None, whole.accepts_grade(fact.grade))]
    return wrong


@pytest.fixture(scope="module")
def whole(postfix: real_postfix.Postfix) -> TlsFacts:
    return asyncio.run(look(postfix, "everything"))[0]


@pytest.mark.parametrize("run", (asyncio.run, uvloop.run))
def test_everything_on_is_seen_in_twenty_connections(postfix: real_postfix.Postfix, run: Run) -> None:
    connections_before = postfix.log.read_text().count(": connect from ")
    facts, tape = run(look(postfix, "everything"))
    assert facts.partial == "" and facts.connections <= 20
    assert facts.accepted_versions == ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
    assert {fact.key for fact in facts.chains} == {"rsa", "ecdsa"}
    assert postfix.log.read_text().count(": connect from ") - connections_before == facts.connections == len(tape.tls) + 1


def test_the_tape_leads_to_the_same_facts(postfix: real_postfix.Postfix) -> None:
    facts, tape = asyncio.run(look(postfix, "modern"))
    held = replies(tape)
    assert replay(_walk(Endpoint(real_postfix.HOST, ADDRESS)), held.__getitem__) == facts


@pytest.mark.parametrize(("service", "versions"), (("modern", ("TLSv1.2", "TLSv1.3")), ("only_1_3", ("TLSv1.3",))))
def test_modern_servers_are_complete(postfix: real_postfix.Postfix, service: str, versions: tuple[str, ...]) -> None:
    facts, _ = asyncio.run(look(postfix, service))
    assert (facts.partial, facts.accepted_versions, facts.unknown_versions) == ("", versions, ())
    assert facts.early_data is False


def test_anvils_limits_of_30_connections_and_20_sessions_leave_room(postfix: real_postfix.Postfix, whole: TlsFacts) -> None:
    facts, _ = asyncio.run(look(postfix, "anvil"))
    assert facts.partial == ""
    assert facts.versions == whole.versions and facts.suite_grades == whole.suite_grades


def test_postscreen_costs_one_wait(postfix: real_postfix.Postfix) -> None:
    facts, tape = asyncio.run(look(postfix, real_postfix.POSTSCREEN))
    assert facts.partial == "" and facts.unknown_versions == ()
    session = tape.smtp[0].session
    assert session is not None and max(turn.at_ms for turn in session.dialogue) >= 1_900


@pytest.mark.parametrize(
    ("service", "words"),
    (
        ("few_sessions", "454 4.7.0 Error: too many new TLS sessions"),
        ("few_connections", "421 4.7.0 mx.partner.test Error: too many connections"),
    ),
)
def test_who_is_sent_away_says_so_and_claims_nothing_wrong(
    postfix: real_postfix.Postfix, whole: TlsFacts, service: str, words: str
) -> None:
    facts, tape = asyncio.run(look(postfix, service))
    assert words in facts.partial
    assert facts.unknown_versions and facts.accepted_versions
    assert contradictions(facts, whole) == []
    refused = [exchange for exchange in tape.tls if exchange.flight and exchange.flight.refusal]
    assert 1 <= len(refused) <= 2  # nobody knocks again


def test_tls_at_once_is_probed_alike(postfix: real_postfix.Postfix, whole: TlsFacts) -> None:
    facts, _ = asyncio.run(look(postfix, "wrapped", 465))
    assert facts.partial == "" and facts.versions == whole.versions


def test_a_limit_that_closes_without_a_word_is_no_answer(postfix: real_postfix.Postfix, whole: TlsFacts) -> None:
    """Postfix's limit of new sessions, where TLS begins at once, says nothing and closes."""
    facts, _ = asyncio.run(look(postfix, "wrapped_few", 465))
    assert facts.partial
    assert contradictions(facts, whole) == []


async def tried(postfix: real_postfix.Postfix, service: str, port: int, matter: TrialMatter) -> SmtpSession:
    routes = {(ADDRESS, port): ("127.0.0.1", postfix.ports[service])}
    async with LiveWorld(LiveConfig(resolver="udp://127.0.0.1:9", helo="probe.example.net", routes=routes)) as world:
        session = await world.ask(Trial(Endpoint(real_postfix.HOST, ADDRESS, port), matter))
    assert isinstance(session, SmtpSession)
    return session


def test_postfix_forgets_what_came_with_starttls(postfix: real_postfix.Postfix) -> None:
    session = asyncio.run(tried(postfix, "modern", 25, TrialMatter.COMMANDS))
    assert read_trial(session).obeyed in (Obeyed.NO, Obeyed.REFUSED)


@pytest.mark.parametrize(("service", "port"), (("everything", 25), ("wrapped", 465)))
def test_postfix_does_not_renegotiate(postfix: real_postfix.Postfix, service: str, port: int) -> None:
    session = asyncio.run(tried(postfix, service, port, TrialMatter.RENEGOTIATION))
    assert session.tls is not None and session.tls.version == "TLSv1.2" and session.tls.renegotiated is False
