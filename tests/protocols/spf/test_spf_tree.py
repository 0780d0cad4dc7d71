from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.lab.zonetext import ZoneText
from hauberk.model.dns import DnsAnswer, NoAnswer, Question, Record, Silence
from hauberk.model.observation import ScanOptions
from hauberk.protocols import spf
from hauberk.protocols.rdata import render_txt
from hauberk.protocols.spf.gathering import MOST_DEPTH, MOST_QUESTIONS
from hauberk.protocols.spf.terms import Qualifier
from hauberk.protocols.spf.tree import MOST_NODES
from hauberk.protocols.walk import Ask, Branch, Reply, Shared, replay

TIME_OUT = NoAnswer(Silence.TIMEOUT)


def world(records: str, *, silent: tuple[str, ...] = ()) -> Callable[[Ask], Reply]:
    zone = ZoneText.parse(records)

    def reply(ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        return TIME_OUT if f"{ask.name} {ask.type}" in silent else zone.answer(ask, secure=())

    return reply


def tree(records: str, *, silent: tuple[str, ...] = ()) -> spf.SpfTree:
    return replay(spf.tree("example.com", ScanOptions()), world(records, silent=silent))


def states(found: spf.SpfTree) -> dict[str, spf.State]:
    return {node.domain: node.state for node in found.nodes}


def test_every_term_that_asks_is_counted_over_the_tree() -> None:
    found = tree("""
        example.com. TXT "v=spf1 a mx ptr exists:%{i}.x.example.com ip4:192.0.2.1 include:one.example.com include:two.example.com ?all"
        example.com. A 192.0.2.1
        example.com. MX 10 mx.example.com.
        mx.example.com. A 192.0.2.2
        one.example.com. TXT "v=spf1 a:mx.example.com redirect=two.example.com"
        two.example.com. TXT "v=spf1 a:mx.example.com -all"
    """)
    assert found.cost == 6 + (2 + 1) + 1
    assert found.all is Qualifier.NEUTRAL
    assert [lookup.void for _, lookup in found.lookups if lookup.void] == []


def test_what_stands_behind_all_costs_nothing() -> None:
    found = tree('example.com. TXT "v=spf1 -all a mx include:gone.example.org redirect=gone.example.org"')
    assert (found.cost, found.all) == (0, Qualifier.FAIL)


def test_void_lookups_are_named_and_an_address_of_either_family_is_enough() -> None:
    found = tree("""
        example.com. TXT "v=spf1 a:six.example.com a:none.example.com exists:text.example.com mx mx:gone.example.com -all"
        example.com. MX 10 six.example.com.
        example.com. MX 20 dead.example.com.
        six.example.com. AAAA 2001:db8::1
        text.example.com. TXT "hello"
    """)
    assert [void for _, lookup in found.lookups for void in lookup.void] == [
        "none.example.com A/AAAA: NXDOMAIN",
        "text.example.com A: no records",
        "dead.example.com A/AAAA: NXDOMAIN",
        "gone.example.com MX: NXDOMAIN",
    ]


def test_address_space_counts_overlapping_networks_once_and_private_ones_never() -> None:
    found = tree("""
        example.com. TXT "v=spf1 ip4:198.51.100.0/25 ip4:198.51.100.77/24 ip4:10.0.0.0/8 a/30 ip6:2001:db8::/64 \
            ?ip4:203.0.113.0/24 include:b.example.com ~include:c.example.com ~all"
        example.com. A 192.0.2.9
        b.example.com. TXT "v=spf1 ip4:198.51.100.0/24 ip4:198.51.101.0/31 -ip4:203.0.113.0/24 -all"
        c.example.com. TXT "v=spf1 ip4:203.0.113.0/24 +all"
    """)
    assert found.space == spf.AddressSpace(256 + 2 + 4, 2**64)
    assert found.open_to_all == ()


def test_plus_all_behind_a_passing_include_lets_everybody_in() -> None:
    found = tree("""
        example.com. TXT "v=spf1 include:b.example.com -all"
        b.example.com. TXT "v=spf1 redirect=c.example.com"
        c.example.com. TXT "v=spf1 +all"
    """)
    assert found.open_to_all == ("c.example.com",)


def test_all_is_found_behind_redirects() -> None:
    found = tree("""
        example.com. TXT "v=spf1 redirect=b.example.com"
        b.example.com. TXT "v=spf1 mx redirect=c.example.com"
        c.example.com. TXT "v=spf1 ~all"
    """)
    assert (found.all, found.all_owner, found.cost) == (Qualifier.SOFTFAIL, "c.example.com", 3)


def test_loops_end_and_are_marked() -> None:
    found = tree("""
        example.com. TXT "v=spf1 include:b.example.com -all"
        b.example.com. TXT "v=spf1 include:example.com -all"
    """)
    assert [node.state for node in found.nodes] == [spf.State.RECORD, spf.State.RECORD, spf.State.LOOP]


def test_states_of_includes_that_give_no_record() -> None:
    found = tree(
        """
        example.com. TXT "v=spf1 include:none.example.com include:two.example.com include:silent.example.com \
            include:gone.example.com include:%{i}.example.com include:a..example.com include:%{d2}.x.example.com -all"
        none.example.com. TXT "nothing"
        two.example.com. TXT "v=spf1 -all"
        two.example.com. TXT "v=spf1 ~all"
        example.com.x.example.com. TXT "v=spf1 -all"
        """,
        silent=("silent.example.com TXT",),
    )
    assert states(found) == {
        "example.com": spf.State.RECORD,
        "none.example.com": spf.State.NONE,
        "two.example.com": spf.State.DUPLICATE,
        "silent.example.com": spf.State.UNANSWERED,
        "gone.example.com": spf.State.NXDOMAIN,
        "%{i}.example.com": spf.State.MACRO,
        "a..example.com": spf.State.NO_NAME,
        "example.com.x.example.com": spf.State.RECORD,
    }
    assert not found.is_whole


def test_gone_registrable_domains_are_proved_by_their_own_nxdomain() -> None:
    found = tree(
        """
        example.com. TXT "v=spf1 include:_spf.gone.org include:_spf.there.org include:gone.net \
            a:mail.alias.org include:_spf.quiet.org include:x.example.com -all"
        there.org. NS ns.there.org.
        mail.alias.org. CNAME mail.lost.org.
        """,
        silent=("quiet.org NS",),
    )
    assert [(lookup.gone, lookup.gone_unknown) for _, lookup in found.lookups] == [
        ("gone.org", False),
        ("", False),
        ("gone.net", False),
        ("lost.org", False),
        ("", True),
        ("", False),
    ]


def test_questions_of_a_level_are_asked_together() -> None:
    rounds: list[tuple[Ask, ...]] = []
    reply = world("""
        example.com. TXT "v=spf1 a mx include:b.example.com include:c.example.com -all"
        example.com. MX 10 mx.example.com.
        b.example.com. TXT "v=spf1 a:x.example.com -all"
    """)
    walk = spf.tree("example.com", ScanOptions())
    asks = next(walk)
    with pytest.raises(StopIteration):
        while True:
            rounds.append(tuple(one for one in asks if not isinstance(one, Branch | Shared)))
            asks = walk.send(tuple(map(reply, rounds[-1])))
    assert [len(one) for one in rounds] == [1, 5, 4]


def test_a_record_of_64_kilobytes_is_read_within_the_bounds() -> None:
    names = " ".join(f"include:i{number}.example.com" for number in range(2500))
    record = Record("example.com", "TXT", 300, render_txt(f"v=spf1 {names} -all"))
    asked = list[Ask]()

    def reply(ask: Ask) -> Reply:
        asked.append(ask)
        return DnsAnswer("NOERROR", (record,)) if ask == Question("example.com", "TXT") else DnsAnswer("NXDOMAIN")

    found = replay(spf.tree("example.com", ScanOptions()), reply)
    assert len(asked) == MOST_QUESTIONS
    assert found.cost == 2500
    assert not found.is_whole


def test_a_small_zone_cannot_make_a_huge_tree() -> None:
    lines = [
        f'{f"l{level}." if level else ""}example.com. TXT "v=spf1 {" ".join([f"include:l{level + 1}.example.com"] * 10)} -all"'
        for level in range(30)
    ]
    found = tree("\n".join(lines))
    assert sum(node.state is not spf.State.LEFT_OUT for node in found.nodes) <= MOST_NODES
    assert len(found.nodes) < MOST_NODES * 12


WORDS = st.sampled_from(
    [
        "include:a.example.com",
        "include:example.com",
        "redirect=b.example.com",
        "mx",
        "a:b.example.com",
        "exists:%{i}.x",
        "ptr",
        "?all",
        "bad:",
        "ip4:192.0.2.1/0",
    ]
)
TEXTS = st.lists(WORDS, max_size=8).map(lambda words: "v=spf1 " + " ".join(words))


@given(
    st.dictionaries(
        st.sampled_from(["example.com", "a.example.com", "b.example.com"]),
        st.one_of(TEXTS, st.just("silent"), st.text(max_size=20)),
        max_size=3,
    ),
    st.sampled_from(["10 b.example.com.", "0 .", "\\# 1 00", "x"]),
)
def test_the_walk_ends_whatever_the_world_answers(texts: dict[str, str], exchange: str) -> None:
    def reply(ask: Ask) -> Reply:
        assert isinstance(ask, Question)
        text = texts.get(ask.name, "")
        if text == "silent":
            return TIME_OUT
        data = {"TXT": render_txt(text.encode("utf-8", "replace").decode()), "MX": exchange, "A": "192.0.2.1", "AAAA": "no address"}
        return DnsAnswer("NOERROR", (Record(ask.name, ask.type, 300, data.get(ask.type, "ns.example.com.")),))

    found = replay(spf.tree("example.com", ScanOptions()), reply)
    assert found.cost >= 0
    assert all(len(node.domain.split(".")) < MOST_DEPTH * 3 for node in found.nodes)
