"""What the checks of TLS advise for Postfix mends what they advise it for, at Debian's Postfix itself."""

import asyncio
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hauberk.checks.reading import Reading
from hauberk.checks.tls import cipher_order, cipher_suites, groups, no_legacy_versions, sound_handshake
from hauberk.lab.casebook import Case, observe
from hauberk.model.observation import ScanOptions
from hauberk.model.transport import Endpoint
from hauberk.model.verdict import CheckVerdict, Finding, Verdict, worst
from hauberk.protocols.tls.facts import TlsFacts
from hauberk.protocols.tls.probe import probe_endpoint
from hauberk.protocols.walk import Walk, converse_each
from hauberk.survey.recorder import Recorder
from hauberk.world.live import LiveConfig, LiveWorld
from hauberk.world.politeness import Manners
from lab import real_postfix
from lab.real_tls_servers import EVERYTHING, pair

ADDRESS = "192.0.2.25"
MODULES: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module for module in (no_legacy_versions, cipher_suites, cipher_order, groups, sound_handshake)
}
POSTFIX = ("smtpd_", "tls_preempt_cipherlist", "tls_eecdh_auto_curves", "tls_ssl_options")


def advised(module: ModuleType) -> tuple[str, ...]:
    """The settings for Postfix that the remedy of a failed check holds, as options of master.cf."""
    failed = CheckVerdict(module.CHECK.id, Verdict.FAIL, (Finding("mx", Verdict.FAIL, "", code="compression"),))
    settings = [line for remedy in module.remedy(Reading(observe(Case("any", "pass"))), failed) for line in remedy.settings]
    return tuple(line.partition("#")[0].strip().replace(" = ", "=") for line in settings if line.startswith(POSTFIX))


def with_options(options: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """An option that is set again takes the place of the first."""
    named = {option.partition("=")[0]: option for option in (*options, *more)}
    return tuple(named.values())


@pytest.fixture(scope="module")
def postfix() -> Generator[real_postfix.Postfix]:
    if reason := real_postfix.missing():
        pytest.skip(reason)
    services = {"as_it_was": EVERYTHING}
    services |= {name: with_options(EVERYTHING, advised(module)) for name, module in MODULES.items()}
    everything = tuple(option for module in MODULES.values() for option in advised(module) if option != "smtpd_tls_exclude_ciphers=kDHE")
    services["all"] = with_options(EVERYTHING, everything)
    with (
        tempfile.TemporaryDirectory(prefix="hauberk-postfix-", ignore_cleanup_errors=True) as name,
        real_postfix.running(Path(name), services, pair()) as server,
    ):
        yield server


def looked(postfix: real_postfix.Postfix, service: str) -> TlsFacts:
    def walk() -> Walk[TlsFacts]:
        endpoint = Endpoint(real_postfix.HOST, ADDRESS)
        (session,) = yield from converse_each((endpoint,))
        return (yield from probe_endpoint(endpoint, session, ScanOptions(depth="standard")))

    async def look() -> TlsFacts:
        routes = {(ADDRESS, 25): ("127.0.0.1", postfix.ports[service])}
        config = LiveConfig(resolver="udp://127.0.0.1:9", helo="probe.example.net", routes=routes, manners=Manners(pause=0.0))
        async with LiveWorld(config) as world:
            return await Recorder(world).drive(walk())

    return asyncio.run(look())


def verdict(judge_facts: Callable[[TlsFacts], Iterator[Finding]], facts: TlsFacts) -> Verdict:
    return worst(tuple(judge_facts(facts)))


@pytest.mark.parametrize("name", MODULES)
def test_the_advised_settings_mend(postfix: real_postfix.Postfix, name: str) -> None:
    judge_facts = MODULES[name].judge_facts
    before = verdict(judge_facts, looked(postfix, "as_it_was"))
    assert before in (Verdict.FAIL, Verdict.WARN) or name == "sound_handshake"
    assert verdict(judge_facts, looked(postfix, name)) in (Verdict.PASS, Verdict.NOT_APPLICABLE)


def test_all_of_them_together_mend_everything(postfix: real_postfix.Postfix) -> None:
    facts = looked(postfix, "all")
    assert {name: verdict(module.judge_facts, facts) for name, module in MODULES.items()} == dict.fromkeys(MODULES, Verdict.PASS)
