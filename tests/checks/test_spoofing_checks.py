"""What holds for the DMARC, DKIM and domain checks in any world: they judge, and what they advise can be published."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.checks.check import Check, judge
from hauberk.checks.dkim import key_published, key_strength, key_usable
from hauberk.checks.dmarc import policy_enforced, portable, published, reports_received, subdomains_enforced
from hauberk.checks.domain import lookalikes, parked
from hauberk.checks.reading import Reading
from hauberk.model.dns import DnsAnswer, DnsExchange, NoAnswer, Question, Record, Silence
from hauberk.model.observation import Observation, ScanOptions, Selector, Vantage
from hauberk.model.verdict import Verdict
from hauberk.protocols import dkim, dmarc, mx
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.walk import Ask, Reply, Walk, replay
from hauberk.world.overlay import overlay, parse_record, propose

CHECKS: tuple[Check, ...] = tuple(
    module.CHECK
    for module in (
        *(key_published, key_strength, key_usable, policy_enforced, portable, published, reports_received, subdomains_enforced),
        *(lookalikes, parked),
    )
)
KEY = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP"
PIECES = st.sampled_from(
    [
        *("v=DMARC1", "v=dmarc1", "p=reject", "p=none", "p=rejct", "sp=none", "np=quarantine", "t=y", "psd=y", "psd=n", "pct=20"),
        *("rua=mailto:a@example.com", "rua=mailto:a@other.example", "ruf=x", "rua=https://b.example/!5m", "fo=7", "=", "a", "v=DKIM1"),
        *("p=AAAA", "p=", "k=ed25519", "h=sha1", "s=none", "t=s:y", KEY, "v=spf1 -all", "v=spf1 include:amazonses.com ~all"),
    ]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=6).map("; ".join), st.text(max_size=40))
NAMES = st.sampled_from(
    [
        *("_dmarc.mail.example.com", "_dmarc.example.com", "_dmarc.com", "mail.example.com", "_domainkey.mail.example.com"),
        *("given._domainkey.mail.example.com", "default._domainkey.mail.example.com", "mail.example.com._report._dmarc.other.example"),
        "no-such-selector-hauberk._domainkey.mail.example.com",
    ]
)
ANSWERS = st.one_of(
    st.lists(TEXTS, max_size=3).map(lambda texts: tuple(render_txt(text) for text in texts)),
    st.sampled_from([NoAnswer(Silence.TIMEOUT), DnsAnswer("SERVFAIL"), DnsAnswer("NXDOMAIN")]),
)
MX_ANSWERS = st.sampled_from(
    [
        DnsAnswer("NXDOMAIN"),
        DnsAnswer("NOERROR"),
        DnsAnswer("NOERROR", (Record("mail.example.com", "MX", 60, "0 ."),)),
        DnsAnswer("NOERROR", (Record("mail.example.com", "MX", 60, "0 aspmx.l.google.com."),)),
        NoAnswer(Silence.TIMEOUT),
    ]
)


def observed(zone: dict[str, tuple[str, ...] | DnsAnswer | NoAnswer], mail: DnsAnswer | NoAnswer, options: ScanOptions) -> Observation:
    """The tape of a scan of mail.example.com in this world."""
    exchanges: dict[Question, DnsExchange] = {}

    def reply(ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        held = zone.get(ask.name, DnsAnswer("NXDOMAIN")) if ask.type == "TXT" else mail if ask.type == "MX" else DnsAnswer("NOERROR")
        answer = DnsAnswer("NOERROR", tuple(Record(ask.name, "TXT", 60, data) for data in held)) if isinstance(held, tuple) else held
        found = DnsExchange(ask, answer) if isinstance(answer, DnsAnswer) else DnsExchange(ask, no_answer=answer)
        exchanges[ask] = found
        return answer

    walks: tuple[Walk[object], ...] = (
        dmarc.discover("mail.example.com", options),
        dkim.find_keys("mail.example.com", options),
        mx.route("mail.example.com"),
    )
    for walk in walks:
        replay(walk, reply)
    vantage = Vantage("test", "udp://127.0.0.1:53", True, "scanner.example.net")
    return Observation("mail.example.com", datetime(2026, 11, 21, tzinfo=UTC), vantage, options, dns=tuple(exchanges.values()))


@settings(deadline=None)
@given(st.dictionaries(NAMES, ANSWERS, max_size=6), MX_ANSWERS, st.booleans())
def test_any_world_is_judged_and_every_advice_can_be_published(
    zone: dict[str, tuple[str, ...] | DnsAnswer | NoAnswer], mail: DnsAnswer | NoAnswer, given: bool
) -> None:
    options = ScanOptions(selectors=(Selector("given", "message"),) if given else ())
    observation = observed(zone, mail, options)
    reading = Reading(observation)
    for check, verdict in zip(CHECKS, judge(reading, CHECKS), strict=True):
        assert verdict.verdict is not Verdict.ERROR
        for finding in verdict.findings:
            assert finding.message.endswith((".", "?")), finding.message
            assert finding.code or finding.verdict in (Verdict.PASS, Verdict.INFO)
        if verdict.verdict in (Verdict.FAIL, Verdict.WARN) and check.id != "dmarc.portable":
            remedies = tuple(check.remedy(reading, verdict))
            assert remedies
            for remedy in remedies:
                assert remedy.settings or remedy.records
                assert all(isinstance(parse_record(line), Record) for line in remedy.records)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (published.CHECK, ""),
        (published.CHECK, "v=dmarc1; p=none"),
        (published.CHECK, "v=DMARC1; p=qarantine"),
        (policy_enforced.CHECK, ""),
        (policy_enforced.CHECK, "v=DMARC1; p=none; sp=none; t=y"),
        (subdomains_enforced.CHECK, "v=DMARC1; p=reject; sp=none; np=none"),
        (subdomains_enforced.CHECK, "v=DMARC1; p=none"),
        (reports_received.CHECK, "v=DMARC1; p=none"),
        (reports_received.CHECK, "v=DMARC1; p=none; rua=https://example.com"),
        (portable.CHECK, "v=DMARC1; rua=mailto:a@mail.example.com; p=reject; pct=5; t=y"),
    ],
)
def test_a_dmarc_remedy_mends_what_it_is_for(check: Check, text: str) -> None:
    zone: dict[str, tuple[str, ...] | DnsAnswer | NoAnswer] = {
        "_dmarc.mail.example.com": (render_txt(text),) if text else DnsAnswer("NXDOMAIN"),
        "_dmarc.example.com": (render_txt("v=DMARC1; p=reject; rua=mailto:a@example.com"),) if check is portable.CHECK else (),
    }
    mail = DnsAnswer("NOERROR", (Record("mail.example.com", "MX", 60, "10 mx.example.com."),))
    observation = observed(zone, mail, ScanOptions())
    (before,) = judge(Reading(observation), (check,))
    assert before.verdict in (Verdict.FAIL, Verdict.WARN)
    for _ in range(3):
        reading = Reading(observation)
        (now,) = judge(reading, (check,))
        if now.verdict is Verdict.PASS:
            return
        for remedy in check.remedy(reading, now):
            records = [record for record in map(parse_record, remedy.records) if isinstance(record, Record)]
            observation = overlay(observation, propose(tuple(records)))
    (after,) = judge(Reading(observation), (check,))
    assert after.verdict is Verdict.PASS, after
