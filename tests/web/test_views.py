"""What pages show, as pure functions: times, changes, pasted names, files and their kinds, the forms of Markdown."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from hauberk.app.scanning import assess
from hauberk.checks.catalogue import checks_for, entries
from hauberk.model.verdict import Verdict
from hauberk.protocols.malformed import Malformed
from hauberk.protocols.names import parse_domain
from hauberk.report.compose import compose
from hauberk.scoring.rubric import load
from hauberk.store.overview import DomainState
from hauberk.store.reports import Report
from hauberk.web.charts import Dot, gauge, spark, trend
from hauberk.web.views import overview as view
from hauberk.web.views.attached import NotAcceptedError, accepted, safe_name
from hauberk.web.views.difference import difference
from hauberk.web.views.domain import area_shown
from hauberk.web.views.issued import issues
from hauberk.web.views.markdown import html
from hauberk.web.views.pasted import MOST, pasted
from hauberk.web.views.words import ago, freshness, sentence, signed
from report.samples import observation

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def state(id: int, name: str, points: float | None = None, before: float | None = None, band: str = "amber", age: int = 0) -> DomainState:
    if points is None:
        return DomainState(id, name, "", *([None] * 13))
    seen = ("hauberk-2026.1", points, "B", band, 1.0, False)
    earlier = (None, None, None, None) if before is None else (id + 1000, before, "B", band)
    return DomainState(id, name, "", id, id, NOW - age * DAY, *seen, *earlier)


@pytest.mark.parametrize(
    ("days", "words", "colour"),
    [
        (0, "90 days left", "pass"),
        (59.5, "31 days left", "pass"),
        (60.5, "30 days left", "warn"),
        (83.5, "7 days left", "fail"),
        (89.9, "1 day left", "fail"),
        (90, "expired today", "fail"),
        (91.5, "expired 1 day ago", "fail"),
        (-3, "90 days left", "pass"),
    ],
)
def test_evidence_counts_for_ninety_days(days: float, words: str, colour: str) -> None:
    found = freshness(NOW - days * DAY, NOW)
    assert (found.words, found.state) == (words, colour)


def test_times_and_changes_read_as_people_say_them() -> None:
    assert [ago(NOW - timedelta(seconds=s), NOW) for s in (0, 59, 60, 7200, 86400 * 3, -300)] == [
        *("just now", "just now", "1 minute ago", "2 hours ago", "3 days ago", "in 5 minutes")
    ]
    assert [signed(value) for value in (4.0, -12.5, 0.04, 0)] == ["+4", "−12.5", "±0", "±0"]


def test_a_message_becomes_a_sentence_with_its_names_as_they_are_written() -> None:
    assert sentence("the file is no PNG of Example Ltd") == "The file is no PNG of Example Ltd."
    assert sentence(ValueError("xn--a.example: no")) == "Xn--a.example: no."


def test_the_overview_filters_sorts_and_cuts_into_pages() -> None:
    every = tuple(state(n, f"d{n:03}.example", float(n), 50.0, "red" if n < 50 else "green", n) for n in range(120))
    every += (state(500, "new.example"), state(501, "xn--bcher-kva.example", 10.0, band="red"))

    def shown(**asked: object) -> view.Overview:
        wanted = replace(view.Wanted(), **asked)  # pyright: ignore[reportArgumentType]
        return view.overview(every, view.chosen(every, wanted, NOW), wanted, {}, NOW)

    first = shown()
    assert (len(first.rows), first.found, first.pages, first.total) == (50, 122, 3, 122)
    assert {one.state: one.count for one in first.tallies} == {"red": 51, "green": 70, "unscanned": 1, "changed": 119, "expiring": 60}
    assert [row.name for row in shown(state="unscanned").rows] == ["new.example"]
    assert [row.name for row in shown(search="BÜCHER").rows] == ["bücher.example"]
    assert [row.name for row in shown(sort="score", down=True).rows][:2] == ["d119.example", "d118.example"]
    assert next(row.name for row in shown(sort="change").rows) == "d000.example"
    last = shown(page=99)
    assert (last.wanted.page, last.first, len(last.rows)) == (3, 101, 22)
    assert shown(search="nothing").rows == ()
    assert view.wanted("x" * 999, "evil", "evil", down=True, page=-5) == view.Wanted("x" * 253, "", "name", True, 1)


def test_an_address_of_the_overview_says_only_what_is_not_as_usual() -> None:
    assert view.Wanted().query() == "?"
    assert view.Wanted(search="a&b", page=3).query(state="red", page=1) == "?q=a%26b&state=red"


def test_a_difference_tells_what_got_worse_and_which_record_did_it() -> None:
    before, after = observation(1, txt="v=spf1 mx -all"), replace(observation(1, txt="v=spf1 +all"), at=NOW)
    titles = {entry.check.id: entry.check.title for entry in entries()}
    found = difference((assess(before, load()), before), (assess(after, load()), after), titles)
    assert "spf.restrictive" in [one.check for one in found.worse]
    assert found.better == ()
    assert (found.direction, found.before.points, found.after.points) == ("same", "49", "49")  # the missing DMARC record caps both
    assert [(one.question, one.gone, one.new) for one in found.records] == [("example.com TXT", ('"v=spf1 mx -all"',), ('"v=spf1 +all"',))]
    back = difference((assess(after, load()), after), (assess(before, load()), before), titles)
    assert [one.check for one in back.better] == [one.check for one in found.worse]
    same = difference((assess(before, load()), before), (assess(before, load()), before), titles)
    assert same.same
    assert same.unchanged == len(checks_for(before.options))


def test_names_are_read_as_people_paste_them() -> None:
    read = pasted(
        "Example.com, b.example;c.example\nhttps://d.example/x # the shop\ninfo@e.example\n\nbad..name\nlocalhost\nEXAMPLE.COM.\n"
    )
    assert read.names == ("example.com", "b.example", "c.example", "d.example", "e.example")
    assert [(bad.line, bad.text) for bad in read.bad] == [(5, "bad..name"), (6, "localhost")]
    assert (read.repeated, read.left_out, read.too_many) == (1, 0, False)
    many = pasted("\n".join(f"d{n}.example" for n in range(MOST + 5)))
    assert (len(many.names), many.too_many) == (MOST, True)
    wrong = pasted("\n".join(f"no dots {n}" for n in range(300)))
    assert len(wrong.bad) + wrong.left_out == 900


@given(st.text(max_size=300))
def test_whatever_is_pasted_is_a_domain_or_told(text: str) -> None:
    read = pasted(text)
    assert all(parse_domain(name) == name for name in read.names)
    words = [word for line in text.splitlines() for word in line.partition("#")[0].replace(",", " ").replace(";", " ").split()]
    assert len(read.names) + len(read.bad) + read.left_out + read.repeated == len(words)


@given(st.text(max_size=80))
def test_a_file_name_is_one_harmless_component(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert not set(safe) & set('/\\<>:"|?*\0\n')
    assert safe not in (".", "..")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.pdf", b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        ("a.png", b"%PDF-1.7", "a PDF"),
        ("a.html", b"<script>", "Only PDF"),
        ("a.exe", b"MZ", "Only PDF"),
        ("a.txt", b"a\0b", "Only PDF"),
        ("a.pdf", b"", "empty"),
        ("a.pdf", b"%PDF-" + b"x" * 100, "larger"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(name: str, content: bytes, says: str) -> None:
    with pytest.raises(NotAcceptedError, match=says):
        accepted(name, content, 100)


def test_what_is_attached_has_the_type_of_its_content() -> None:
    assert accepted("../../etc/Ergebnis ä.PDF", b"%PDF-1.7", 100).name == "Ergebnis ä.PDF"
    assert accepted("x.jpeg", b"\xff\xd8\xff\xe0", 100).media_type == "image/jpeg"
    assert accepted("x.json", b"{}", 100).media_type == "text/plain; charset=utf-8"


def test_files_that_were_made_together_are_one_issue_with_their_signatures() -> None:
    def report(id: int, name: str, assessment: int = 1, minutes: int = 0) -> Report:
        return Report(id, 7, assessment, name, name.rpartition(".")[2], NOW + timedelta(minutes=minutes), "Ada", 10, "00")

    made = [
        report(6, "b.pdf", 2, 10),
        report(5, "b.pdf", 2, 9),
        report(4, "a.png.sig"),
        report(3, "a.png"),
        report(2, "a.pdf"),
        report(1, "a.pdf", 1, -60),
    ]
    found = issues(made, {7: "xn--bcher-kva.example"})
    assert [[(file.name, file.signature) for file in one.files] for one in found] == [
        [("b.pdf", None)],
        [("b.pdf", None)],
        [("a.pdf", None), ("a.png", 4)],
        [("a.pdf", None)],
    ]
    assert found[0].domain == "bücher.example"


def test_markdown_is_escaped_and_its_forms_are_known() -> None:
    assert html("a <b> `<c>` **d** *e* [f](https://g/?a=1&b=2)") == (
        '<p>a &lt;b&gt; <code>&lt;c&gt;</code> <strong>d</strong> <em>e</em> <a href="https://g/?a=1&amp;b=2" rel="noreferrer">f</a></p>'
    )
    assert html("## H\n\nx\n- a\n  b\n- c\n\n    code <\n\n[f](javascript:x)") == (
        '<h2>H</h2>\n<p>x</p>\n<ul><li>a b</li><li>c</li></ul>\n<pre tabindex="0">code &lt;</pre>\n<p>[f](javascript:x)</p>'
    )


def test_every_page_of_the_catalogue_is_set() -> None:
    for entry in entries():
        made = html(entry.page)
        assert made.count("<h2>") == 3, entry.check.id
        assert "<script" not in made


@given(st.lists(st.tuples(st.floats(-50, 200), st.integers(0, 10**9)), max_size=30), st.text(max_size=20))
def test_drawings_stay_within_their_frame_and_escape_what_they_say(dots: list[tuple[float, int]], label: str) -> None:
    ordered = [Dot(NOW + timedelta(seconds=at), points, "pass", label, "/x") for points, at in sorted(dots, key=lambda one: one[1])]
    for drawn in (str(trend(ordered)), str(spark(ordered))):
        assert "<script" not in drawn
        xs = [float(part.partition('"')[0]) for part in drawn.split(' cx="')[1:]]
        ys = [float(part.partition('"')[0]) for part in drawn.split(' cy="')[1:]]
        assert all(0 <= x <= 960 for x in xs)
        assert all(0 <= y <= 200 for y in ys)


def test_a_gauge_says_its_number_and_stays_silent_without_one() -> None:
    assert 'aria-label="Score 71.5 of 100"' in gauge(71.5, "warn")
    assert 'class="arc' not in gauge(0, "fail")
    assert 'aria-label="No score"' in gauge(0, "unknown", known=False)


def test_an_area_counts_what_is_unknown_apart_from_checks_that_broke() -> None:
    judged = assess(observation(), load(), plan=False)
    odd = dict(zip((one.check for one in judged.verdicts if one.check.startswith("tls.")), (Verdict.UNKNOWN, Verdict.ERROR), strict=False))
    verdicts = tuple(structs.replace(one, verdict=odd.get(one.check, one.verdict)) for one in judged.verdicts)
    content = compose(replace(judged, verdicts=verdicts), observation(), "")
    area = next(one for one in content.areas if any(check.id in odd for check in one.checks))
    counted = {mark.word: count for mark, count in area_shown(area.name, area.checks, ()).tally}
    assert (counted["Unknown"], counted["Check error"]) == (1, 1)
    assert sum(counted.values()) == len(area.checks)


def test_a_name_in_another_script_is_shown_as_people_read_it() -> None:
    assert isinstance(parse_domain("no dots"), Malformed)
    assert pasted("bücher.example").names == ("xn--bcher-kva.example",)
