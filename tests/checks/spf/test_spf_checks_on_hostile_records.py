"""Whatever stands in the TXT records, the SPF checks come to a verdict and their remedies can be published."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.checks.catalogue import entries
from hauberk.checks.check import judge
from hauberk.checks.reading import Reading
from hauberk.model.dns import DnsAnswer, DnsExchange, Question, Record
from hauberk.model.observation import Observation, ScanOptions, Vantage
from hauberk.model.verdict import Verdict
from hauberk.protocols import mx, spf
from hauberk.protocols.malformed import visible
from hauberk.protocols.rdata import escape
from hauberk.protocols.walk import Ask, replay
from hauberk.world.overlay import parse_record

CHECKS = tuple(entry.check for entry in entries() if entry.check.area == "spf")
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)

WORDS = st.sampled_from(
    (
        *"v=spf1 V=SPF1 include:a.example.net a.example.net a mx ptr exists:%{i}.x ip4:192.0.2.0/1 ipv4:192.0.2.1 ip4=1 //0 glued".split(),
        *'redirect= redirect=a.example.net exp=x.example +all ~all -all ?all %{i} \\ "'.split(),
        *(" ", "\u00a0", "\x00", "\u202e", "ip4: 1"),
    )
)
TEXTS = st.one_of(
    st.binary(max_size=60),
    st.lists(WORDS, max_size=12).map(lambda words: "".join(words).encode()),
    st.lists(WORDS, max_size=12).map(lambda words: ("v=spf1 " + " ".join(words)).encode()),
)


def tape(texts: dict[str, list[bytes]]) -> Observation:
    exchanges: dict[Ask, DnsExchange] = {}

    def reply(ask: Ask) -> DnsAnswer:
        assert isinstance(ask, Question)
        records = tuple(Record(ask.name, "TXT", 300, escape(text)) for text in texts.get(ask.name, ()) if ask.type == "TXT")
        answer = DnsAnswer("NOERROR" if ask.name in texts else "NXDOMAIN", records)
        exchanges[ask] = DnsExchange(ask, answer)
        return answer

    replay(spf.tree("example.com", ScanOptions()), reply)
    replay(mx.route("example.com"), reply)
    vantage = Vantage("test", "udp://127.0.0.1:53", resolver_trusted=True, helo="test.example")
    return Observation("example.com", AT, vantage, dns=tuple(exchanges.values()))


@settings(deadline=None)
@given(st.fixed_dictionaries({"example.com": st.lists(TEXTS, max_size=3), "a.example.net": st.lists(TEXTS, max_size=2)}))
def test_every_check_judges_and_every_remedy_can_be_published(texts: dict[str, list[bytes]]) -> None:
    reading = Reading(tape(texts))
    for check, verdict in zip(CHECKS, judge(reading, CHECKS), strict=True):
        assert verdict.verdict is not Verdict.ERROR
        for finding in verdict.findings:
            assert all(said == visible(said) for said in (finding.message, *finding.evidence))
            assert finding.code or finding.verdict is Verdict.PASS
        if verdict.verdict in (Verdict.FAIL, Verdict.WARN):
            for remedy in check.remedy(reading, verdict):
                assert all(isinstance(parse_record(line), Record) for line in remedy.records)
                assert remedy.what == visible(remedy.what)
