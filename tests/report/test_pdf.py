"""The pages: what the files hold, that they are always the same, and that nobody's text can harm them."""

import hashlib
import struct
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, StreamObject

from hauberk.report import pdf
from hauberk.report.content import ReportContent
from hauberk.report.logo import is_logo
from hauberk.report.pdf import Attachment, build_jpg, build_pdf, build_png, pages
from hauberk.report.text import fonts
from hauberk.world import tape as tapes
from report.samples import F, observation, report, typical, verdict

HOSTILE = '#read("/etc/passwd") *b* $x$ <l> @r `c` \\u{0} //'


@pytest.fixture(scope="module")
def content() -> ReportContent:
    return report()


@pytest.fixture
def as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting the text as written must do; the fall-back to ASCII would hide what is wrong."""

    def refuse(text: str) -> str:
        raise AssertionError(f"fell back to ASCII: {text[:80]!a}")

    monkeypatch.setattr(pdf, "ascii_only", refuse)


def text_of(made: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(made)).pages)


def catalogue(reader: PdfReader) -> DictionaryObject:
    found = reader.trailer["/Root"].get_object()
    assert isinstance(found, DictionaryObject)
    return found


def test_the_pdf_carries_the_evidence_and_declares_its_standards(content: ReportContent) -> None:
    tape = tapes.encode(observation())
    made = build_pdf(content, (Attachment("evidence.json", "The tape", tape), Attachment("assessment.json", "The verdicts", b"{}")))
    reader = PdfReader(BytesIO(made))
    assert reader.attachments == {"evidence.json": [tape], "assessment.json": [b"{}"]}
    xmp = catalogue(reader)["/Metadata"].get_object()
    assert isinstance(xmp, StreamObject)
    declared = xmp.get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in declared and "<pdfaid:conformance>A</pdfaid:conformance>" in declared
    assert "<pdfuaid:part>1</pdfuaid:part>" in declared


def test_the_pdf_has_title_language_and_the_date_of_the_scan(content: ReportContent) -> None:
    reader = PdfReader(BytesIO(build_pdf(content)))
    assert reader.metadata is not None
    assert reader.metadata.title == "Mail server report: Example Ltd, 21 November 2026"
    assert str(reader.metadata.creation_date).startswith("2026-11-21 12:00:00")
    assert catalogue(reader)["/Lang"] == "en-GB"


def test_the_story_of_a_typical_domain_is_on_four_pages_at_most(content: ReportContent) -> None:
    assert len(pages(content, 30)) <= 4


def test_the_story_comes_before_the_appendix_however_much_there_is_to_mend(content: ReportContent) -> None:
    many = replace(content, fixes=tuple(replace(content.fixes[0], what=f"Mend number {n}.") for n in range(1, 21)))
    made = [page.extract_text() for page in PdfReader(BytesIO(build_pdf(many))).pages]
    appendix = next(at for at, text in enumerate(made) if "Appendix: smaller steps" in text)
    told = "\n".join(made[: appendix + 1]).partition("Appendix: smaller steps")[0]
    assert appendix <= 3
    assert "How it was tested" in told and "Mend number 7." in told and "Mend number 8." not in told
    assert f"13 smaller steps, with the text to copy, on page {appendix + 1}." in told
    assert all(f"Mend number {n}." in "\n".join(made) for n in range(1, 21))


def test_what_is_to_be_copied_is_copied_whole(content: ReportContent) -> None:
    shown = text_of(build_pdf(content))
    assert 'example.com. TXT "v=spf1 include:_spf.example.net ~all"' in shown
    assert "\u200b" not in shown
    key = content.fixes[2].publish[0]
    assert key.replace(" ", "") in shown.replace("\n", "").replace(" ", "")


def test_equal_content_gives_equal_octets_in_another_process(content: ReportContent, tmp_path: Path) -> None:
    (tmp_path / "content.json").write_bytes(msgspec.json.encode(content))
    code = (
        "import sys, hashlib, pathlib, msgspec\n"
        "from hauberk.report.content import ReportContent\n"
        "from hauberk.report.pdf import build_pdf, build_png\n"
        "content = msgspec.json.decode(pathlib.Path(sys.argv[1]).read_bytes(), type=ReportContent)\n"
        "sys.stdout.write(' '.join(hashlib.sha256(build(content)).hexdigest() for build in (build_pdf, build_png)))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "content.json")]
    other = subprocess.run(command, capture_output=True, text=True, check=True, env={"TZ": "Asia/Singapore", "LC_ALL": "C", "PATH": ""})
    here = [hashlib.sha256(build(content)).hexdigest() for build in (build_pdf, build_png)]
    assert other.stdout.split() == here


def picture(width: int, height: int, colour: str = "#ff00ff") -> bytes:
    out = BytesIO()
    Image.new("RGBA", (width, height), colour).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("size", [(640, 20), (40, 200), (1, 1)])
def test_a_logo_stands_at_the_head_with_its_words_and_in_the_same_standards(content: ReportContent, size: tuple[int, int]) -> None:
    logo = picture(*size)
    assert is_logo(logo)
    marked = replace(content, logo=logo)
    made = build_pdf(marked)
    assert made == build_pdf(marked) != build_pdf(content)
    reader = PdfReader(BytesIO(made))
    assert reader.attachments == {"logo.png": [logo]}
    assert b"/Alt(Logo of Example Ltd)" in made
    assert len(reader.pages) == len(PdfReader(BytesIO(build_pdf(content))).pages)
    with Image.open(BytesIO(pages(marked)[0])) as first:
        colours = first.convert("RGB").getcolors(first.width * first.height)
    assert any(colour == (255, 0, 255) for _, colour in colours or ())


@pytest.mark.parametrize("size", [(641, 20), (20, 201), (60_000, 60_000)])
def test_what_is_larger_than_a_logo_is_none(size: tuple[int, int]) -> None:
    png = picture(1, 1)
    assert not is_logo(png[:16] + struct.pack(">II", *size) + png[24:])
    assert not is_logo(png[:20])
    assert not is_logo(png + bytes(2_000_000))
    assert not is_logo(b"<svg/>")


def test_the_pictures_hold_all_pages(content: ReportContent) -> None:
    single = [Image.open(BytesIO(png)) for png in pages(content)]
    for made, kind in ((build_png(content), "PNG"), (build_jpg(content), "JPEG")):
        picture = Image.open(BytesIO(made))
        assert picture.format == kind
        assert picture.size == (1240, sum(page.height for page in single))


def test_a_long_report_gives_a_coarser_picture_of_bounded_height() -> None:
    tape = observation()
    many = tuple(verdict(f"spf.check-{n}", F, "Wrong. " * 60, *("x" * 300 for _ in range(3))) for n in range(150))
    picture = Image.open(BytesIO(build_png(report(tape=tape, verdicts=many))))
    assert picture.height <= pdf.MOST_LINES


@pytest.mark.parametrize(
    "company",
    [
        *(HOSTILE, "上海龘靐科技（集团）有限公司", "தமிழ்நாடு மின்னஞ்சல் நிறுவனம்", "شركة البريد الآمن المحدودة", "ශ්\u200dරී ලංකා"),
        *("😀 Ltd 👩\u200d👩\u200d👧", "\x00\x1b\u202e\u2066", "lone \ud800 \udfff", "x" * 10_000, "名" * 10_000, "e" + "\u0301" * 500),
        *("=1+1", "\n\n\t", "\u0bcd\u0e33\u0301", "Zoë & Söhne <script>"),
    ],
)
@pytest.mark.usefixtures("as_written")
def test_any_company_name_can_be_set(company: str) -> None:
    assert build_pdf(report(company)).startswith(b"%PDF")


def test_names_in_other_scripts_appear_as_written() -> None:
    for company in ("上海龘科技有限公司", "서울 주식회사"):
        assert company in text_of(build_pdf(report(company)))
    assert "தமி" in text_of(build_pdf(report("தமிழ்நாடு")))


def test_markup_in_data_is_only_text() -> None:
    assert HOSTILE in text_of(build_pdf(report(HOSTILE))).replace(" \n", " ").replace("\n", " ")


def test_a_report_with_nothing_in_its_lists_can_be_set(content: ReportContent) -> None:
    score = replace(content.score, groups=(), account=(), points=0, shown="0", grade="–")
    bare = replace(content, score=score, flags=(), lines=(), fixes=(), endpoints=(), certificates=(), method=(), untested=(), areas=())
    fix = replace(content.fixes[0], publish=(), remove=(), settings=())
    assert build_pdf(bare).startswith(b"%PDF")
    assert build_pdf(replace(bare, fixes=(fix,))).startswith(b"%PDF")


@pytest.mark.usefixtures("as_written")
def test_hostile_evidence_and_a_domain_of_200_characters_can_be_set() -> None:
    domain = ".".join(["a" * 60, "b" * 60, "c" * 60, "example", "com"])
    tape = observation(2, domain, txt=HOSTILE.replace("\\", "\\\\").replace('"', '\\"') + "\\000\\255\\027[31m" + "A" * 200)
    hostile = verdict("spf.valid", F, HOSTILE + "\x00\u202e" + "B" * 20_000, "C" * 65_000, "\ud800\n" * 500, HOSTILE, code="hostile")
    made = build_pdf(report(HOSTILE, tape, (*typical(tape), hostile)), (Attachment("evidence.json", "The tape", tapes.encode(tape)),))
    assert "B" * 20 in text_of(made).replace("\n", "")


def test_when_text_cannot_be_set_as_written_the_report_falls_back_to_ascii(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pdf, "settable", lambda text: text)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    made = build_pdf(report("Emoji \U0001f600 Ltd"))
    assert "Emoji \\u{1f600} Ltd" in text_of(made).replace("\n", " ")
    assert "falling back to ASCII" in caplog.text


_SHIPPED = st.sampled_from(fonts()).flatmap(lambda font: st.sampled_from(font.ranges).flatmap(lambda ends: st.integers(*ends))).map(chr)


@pytest.mark.usefixtures("as_written")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(_SHIPPED | st.characters(codec=None), max_size=40), min_size=9, max_size=9))
def test_any_text_can_be_set(content: ReportContent, texts: list[str]) -> None:
    strange = tuple(replace(line, name=text, sentence=text) for line, text in zip(content.lines, texts, strict=True))
    assert build_pdf(replace(content, lines=strange)).startswith(b"%PDF")
