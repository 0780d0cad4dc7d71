"""No tape makes a transport check crash, and each check's remedies can be had from whatever it said."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.checks.cert import expiry, key_strength, trusted
from hauberk.checks.check import judge
from hauberk.checks.dane import rollover, sound_denial, valid
from hauberk.checks.mx import reachable, resolves
from hauberk.checks.reading import Reading
from hauberk.checks.sender import matrix
from hauberk.checks.tls import modern_version, starttls_offered
from hauberk.lab.pki import CertificateSpec, Pki
from hauberk.model.dns import DnsAnswer, DnsExchange, NoAnswer, Question, Record, Silence
from hauberk.model.observation import Observation, ScanOptions, TrustStore, Vantage
from hauberk.model.transport import Ending, Endpoint, SmtpExchange, SmtpSession, Speaker, TlsHandshake, Turn
from hauberk.model.verdict import Verdict
from hauberk.protocols import dane, mta_sts, mx
from hauberk.protocols.walk import NOT_ASKED, Ask, Reply, Walk, replay

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
PKI = Pki(AT)
CHAIN = PKI.issue(CertificateSpec(("mx.example.com",))).chain
CHECKS = tuple(
    one.CHECK
    for one in (starttls_offered, modern_version, trusted, expiry, key_strength, valid, sound_denial, rollover, resolves, reachable, matrix)
)

silences = st.builds(NoAnswer, st.sampled_from(Silence), st.text(max_size=10))
hosts = st.sampled_from(["mx.example.com", "mx.example.net", "localhost", "192.0.2.1"])
data = {
    "MX": st.builds("{} {}.".format, st.integers(0, 99), hosts) | st.just("0 ."),
    "A": st.sampled_from(["192.0.2.1", "192.0.2.2", "10.0.0.1"]),
    "AAAA": st.sampled_from(["2001:db8::1", "::1", "::ffff:10.0.0.1"]),
    "TLSA": st.from_regex(r"[0-4] [0-2] [0-3] ([0-9a-f]{2}){0,33}", fullmatch=True) | st.text(max_size=20),
    "TXT": st.just('"v=STSv1; id=1"') | st.text(max_size=10),
    "SOA": st.just("a. b. 1 2 3 4 5"),
    "CNAME": st.just("other.example.org."),
}
lines = st.sampled_from(
    ["220 mx ESMTP", "250-mx", "250-STARTTLS", "250 STARTTLS", "250 mx", "454 later", "502 no", "554 go away", "421", "", "\ud800"]
) | st.text(max_size=12)
said = st.sampled_from(["EHLO me", "HELO me", "STARTTLS", "QUIT"])
turns = st.builds(Turn, st.just(Speaker.SERVER), lines, encrypted=st.booleans()) | st.builds(Turn, st.just(Speaker.CLIENT), said)
chains = st.sampled_from([CHAIN, CHAIN[:1], (), (b"",), (b"0\x82",), (CHAIN[0][:-9], CHAIN[1])])
handshakes = st.builds(
    TlsHandshake,
    completed=st.booleans(),
    version=st.sampled_from(["", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]),
    chain=chains,
    error=st.text(max_size=10) | st.sampled_from(["the server chose SSLv3", "alert protocol version"]),
)
sessions = st.builds(
    SmtpSession, st.lists(turns, max_size=12).map(tuple), st.sampled_from(Ending), st.text(max_size=5), st.none() | handshakes
)


def answers(question: Question) -> st.SearchStrategy[Reply]:
    held = data[question.type].map(lambda text: Record(question.name, question.type, 60, text))
    alias = st.just(Record(question.name, "CNAME", 60, "other.example.org."))
    records = st.lists(held | alias if question.type != "MX" else held, max_size=3).map(tuple)
    rcodes = st.sampled_from(["NOERROR", "NOERROR", "NOERROR", "NXDOMAIN", "SERVFAIL"])
    return st.builds(DnsAnswer, rcodes, records, st.sampled_from([True, True, False, None])) | silences


def tape(draw: st.DataObject) -> Observation:
    """What a survey would have written down in a world that answers anything."""
    asked: dict[Ask, Reply] = {}

    def reply(ask: Ask) -> Reply:
        if ask not in asked:
            match ask:
                case Question():
                    asked[ask] = draw.draw(answers(ask))
                case Endpoint():
                    asked[ask] = draw.draw(sessions | silences)
                case _:
                    return NOT_ASKED
        return asked[ask]

    walks: tuple[Walk[object], ...] = (
        mx.transport("example.com", ScanOptions()),
        mx.resolution("example.com", ScanOptions()),
        dane.discover("example.com", ScanOptions()),
        mta_sts.discover("example.com", ScanOptions()),
    )
    for walk in walks:
        replay(walk, reply)
    dns = tuple(
        DnsExchange(ask, said if isinstance(said, DnsAnswer) else None, said if isinstance(said, NoAnswer) else None)
        for ask, said in asked.items()
        if isinstance(ask, Question)
    )
    smtp = tuple(
        SmtpExchange(ask, said if isinstance(said, SmtpSession) else None, said if isinstance(said, NoAnswer) else None)
        for ask, said in asked.items()
        if isinstance(ask, Endpoint)
    )
    vantage = Vantage("hauberk", "udp://127.0.0.1:53", True, "scanner.example.net")
    return Observation("example.com", AT, vantage, dns=dns, smtp=smtp, trust=TrustStore("test", "", (PKI.anchor,)))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_tape_makes_a_transport_check_crash(draw: st.DataObject) -> None:
    reading = Reading(tape(draw))
    for check, result in zip(CHECKS, judge(reading, CHECKS), strict=True):
        assert result.verdict is not Verdict.ERROR, result.findings
        assert all(finding.code for finding in result.findings if finding.verdict in (Verdict.FAIL, Verdict.WARN))
        if result.verdict in (Verdict.FAIL, Verdict.WARN):
            assert all(remedy.check == check.id and remedy.what for remedy in check.remedy(reading, result))
