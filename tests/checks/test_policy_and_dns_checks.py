"""The checks of policies and of the DNS beyond their tables: remedies that mend, tapes that are empty or odd."""

from datetime import UTC, datetime
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hauberk.checks.bimi import valid as bimi
from hauberk.checks.blocklist import clean
from hauberk.checks.caa import present
from hauberk.checks.catalogue import entries
from hauberk.checks.check import Check, judge
from hauberk.checks.dns import consistent
from hauberk.checks.dnssec import domain_signed, mx_signed
from hauberk.checks.ipv6 import mail_reachable
from hauberk.checks.mta_sts import valid as mta_sts
from hauberk.checks.ptr import confirmed
from hauberk.checks.reading import Reading
from hauberk.checks.tls_rpt import published
from hauberk.lab.casebook import Case, load, observe
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import Observation, ScanOptions, TrustStore, Vantage
from hauberk.model.transport import Ending, Endpoint, HttpsAnswer, SmtpSession, Speaker, TlsHandshake, Turn
from hauberk.model.verdict import Verdict
from hauberk.protocols.rdata import escape
from hauberk.protocols.walk import Ask, Reply
from hauberk.scoring.fix_plan import parsed
from hauberk.world.overlay import overlay, propose

CHECKS = tuple(
    module.CHECK for module in (mta_sts, published, bimi, present, clean, domain_signed, mx_signed, confirmed, mail_reachable, consistent)
)
MENDED_BY_RECORDS = ("tls-rpt.published", "caa.present", "ptr.confirmed")
STANDARD = ScanOptions()
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def tape(options: ScanOptions = STANDARD) -> Observation:
    vantage = Vantage("hauberk", "udp://127.0.0.1:53", True, "scanner.example.net")
    return Observation("example.com", AT, vantage, options, trust=TrustStore("a store"))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_an_empty_tape_is_held_against_nobody(check: Check) -> None:
    for observation in (tape(), tape(ScanOptions(smtp=False)), tape(ScanOptions(blocklists=False))):
        (result,) = judge(Reading(observation), (check,))
        assert result.verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE), result.findings


REMEDIED = [
    pytest.param(entry.check, case, id=f"{entry.check.id}: {case.name}")
    for entry in entries()
    if entry.check.id in MENDED_BY_RECORDS
    for case in load(entry.file.with_suffix(".cases.toml"))
    if case.verdict in ("warn", "fail")
]


@pytest.mark.parametrize(("check", "case"), REMEDIED)
def test_publishing_the_remedy_mends(check: Check, case: Case) -> None:
    observation = observe(case)
    reading = Reading(observation)
    (before,) = judge(reading, (check,))
    for remedy in check.remedy(reading, before):
        records, removed = parsed(remedy)
        assert len(records) == len(remedy.records)
        if remedy.settings:
            continue
        (after,) = judge(Reading(overlay(observation, propose(records, removed))), (check,))
        assert after.verdict is Verdict.PASS, after.findings


class Odd(Reading):
    """A tape whose answers are drawn from a list, the same for the same ask."""

    def __init__(self, replies: tuple[str, ...], observation: Observation) -> None:
        super().__init__(observation)
        self._texts = replies

    def reply(self, ask: Ask) -> Reply:
        text = self._texts[crc32(repr(ask).encode()) % len(self._texts)]
        if text == "silent":
            return NoAnswer(Silence.TIMEOUT)
        match ask:
            case Question():
                if text in ("SERVFAIL", "NXDOMAIN", "REFUSED"):
                    return DnsAnswer(text, authenticated=False)
                return DnsAnswer("NOERROR", (Record(ask.name, ask.type, 60, data(ask.type, text)),), authenticated=len(text) % 2 == 0)
            case Endpoint():
                turns = (Turn(Speaker.SERVER, f"220 {text}"), Turn(Speaker.CLIENT, "EHLO x"), Turn(Speaker.SERVER, f"250-{text}"))
                tls = TlsHandshake(True, chain=(text.encode("utf-8", "replace"),))
                return SmtpSession((*turns, Turn(Speaker.SERVER, "250 STARTTLS")), Ending.CLOSED, text, tls)
            case _:
                return HttpsAnswer("192.0.2.1", TlsHandshake(True), 200, text, body=text.encode("utf-8", "replace"))


def data(type: str, text: str) -> str:
    """Record data that a DNS client could have written for the type, with `text` where the type has room for it."""
    if type in ("A", "AAAA"):
        return "192.0.2.1" if type == "A" else "2001:db8::1"
    quoted = escape(text.encode("utf-8", "replace"))
    label = quoted[1:-1].replace(" ", "\\032") or "x"
    host = f"{label}."
    shapes = {"MX": f"10 {host}", "NS": host, "PTR": host, "TXT": quoted, "SOA": f"{host} {host} 1 2 3 4 5"}
    return shapes.get(type, label)


STARTS = st.sampled_from(("v=STSv1; ", "v=TLSRPTv1; rua=", "v=BIMI1; l=https://", '0 issue "', "version: STSv1\nmode: ", "257 3 13 "))
WORDS = st.sampled_from(("silent", "SERVFAIL", "NXDOMAIN", "REFUSED", "mx.example.com"))
TEXTS = WORDS | st.text(max_size=30) | st.tuples(STARTS, st.text(max_size=20)).map("".join)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=60)
@given(st.lists(TEXTS, min_size=1, max_size=8).map(tuple))
def test_no_check_crashes_on_odd_answers(texts: tuple[str, ...]) -> None:
    reading = Odd(texts, tape())
    for check in CHECKS:
        (result,) = judge(reading, (check,))
        assert result.verdict is not Verdict.ERROR
        for finding in result.findings:
            shown = "".join((finding.subject, finding.message, *finding.evidence))
            assert shown.isprintable(), finding
        for remedy in check.remedy(reading, result):
            records, _ = parsed(remedy)
            assert len(records) == len(remedy.records), remedy
