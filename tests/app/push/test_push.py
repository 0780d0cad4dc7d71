"""Handing evidence over, against local servers that follow the platforms' published APIs."""

import asyncio
import os
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.push.platforms import TOKEN, Answer, LocalDrata, LocalVanta, Platform
from cli.command import Hauberk
from hauberk.app.push.drata import Drata, Library
from hauberk.app.push.evidence import Destination, EvidenceFile, PushError, Receipt, read_evidence, series_name
from hauberk.app.push.exchange import LONGEST_PAUSE, TRIES, Exchange, checked_base
from hauberk.app.push.vanta import Credentials, Vanta

FILE = EvidenceFile("ExampleLtd_MailServerIHP_2026-11-21.pdf", b"%PDF-1.7\r\n\x00\xff", "application/pdf", date(2026, 11, 21))
SERIES = "ExampleLtd_MailServerIHP"


@pytest.fixture
def drata() -> Iterator[LocalDrata]:
    local = LocalDrata()
    with local.serving():
        yield local


@pytest.fixture
def vanta() -> Iterator[LocalVanta]:
    local = LocalVanta()
    with local.serving():
        yield local


def pushed(platform: Platform, destination: Callable[[Exchange], Destination], file: EvidenceFile = FILE) -> tuple[Receipt, list[float]]:
    """The receipt and the pauses that were made, without making them."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def push() -> Receipt:
        async with Exchange("The platform", platform.url, pause=pause) as exchange:
            return await destination(exchange).push(file)

    return asyncio.run(push()), pauses


def to_drata(exchange: Exchange, library: Library | None = None) -> Drata:
    return Drata(exchange, TOKEN, library or Library(11, SERIES))


def to_vanta(exchange: Exchange) -> Vanta:
    return Vanta(exchange, Credentials("us", "s3cret"), "mail-report", submit=True)


def test_drata_gets_a_new_item_with_the_file(drata: LocalDrata) -> None:
    receipt, pauses = pushed(drata, lambda exchange: to_drata(exchange, library=Library(11, SERIES, owner=7, controls=(3, 4))))
    assert receipt.id == "1" and pauses == []
    assert list(drata.files.values()) == [FILE.data]
    made = drata.asked[-1].json
    assert (
        made["name"] == SERIES and made["ownerId"] == 7 and made["controlIds"] == [3, 4] and made["renewalScheduleType"] == "THREE_MONTHS"
    )
    assert made["artifacts"] == [
        {"type": "S3_FILE", "artifactName": FILE.name, "fileKey": next(iter(drata.files)), "filedAt": "2026-11-21"}
    ]


def test_drata_gets_the_next_file_into_the_same_item(drata: LocalDrata) -> None:
    drata.items = {1: f"{SERIES} old", 2: f"{SERIES}2", 3: f"{SERIES}", 4: f"{SERIES} new"}
    receipt, _ = pushed(drata, to_drata)
    assert receipt.id == "3" and len(drata.items) == 4
    assert [(asked.method, asked.path.rpartition("/")[2]) for asked in drata.asked] == [
        *(("GET", "evidence"), ("GET", "evidence"), ("POST", "evidence-files"), ("PUT", "3")),
    ]


def test_drata_gets_it_into_the_item_that_is_named_by_id(drata: LocalDrata) -> None:
    drata.items = {5: "anything"}
    receipt, _ = pushed(drata, lambda exchange: to_drata(exchange, library=Library(11, "", evidence=5)))
    assert receipt.id == "5" and all(asked.method != "GET" for asked in drata.asked)


def test_drata_that_makes_an_item_without_the_file_is_no_success(drata: LocalDrata) -> None:
    drata.items = {}
    listing, upload = Answer(200, {"data": [], "pagination": {"cursor": None}}), Answer(201, {"fileKey": "k"})
    drata.first = [listing, upload, Answer(201, {"id": 9, "artifactsRequested": 1, "artifactsCreated": 0})]
    with pytest.raises(PushError, match="9, but did not attach"):
        pushed(drata, to_drata)


def test_vanta_gets_the_file_with_its_day_and_is_submitted(vanta: LocalVanta) -> None:
    receipt, _ = pushed(vanta, to_vanta)
    assert receipt.id == "upload-1" and vanta.submitted == ["mail-report"]
    (upload,) = vanta.uploads
    assert upload["file"].data == FILE.data and upload["file"].file_name == FILE.name and upload["file"].media_type == "application/pdf"
    assert upload["effectiveAtDate"].data == b"2026-11-21T00:00:00.000Z"
    assert b"2026-11-21" in upload["description"].data


def test_vanta_takes_a_token_that_is_at_hand_and_a_document_of_any_name(vanta: LocalVanta) -> None:
    receipt, _ = pushed(vanta, lambda exchange: Vanta(exchange, Credentials(token=TOKEN), "mail report"))
    assert receipt.id == "upload-1" and vanta.submitted == [] and len(vanta.asked) == 1
    with pytest.raises(PushError, match="has no such thing"):
        pushed(vanta, lambda exchange: Vanta(exchange, Credentials(token=TOKEN), "../../oauth/token"))
    assert vanta.asked[-1].path == "/v1/documents/../../oauth/token/uploads"


def test_a_busy_server_is_waited_for_as_long_as_it_says(drata: LocalDrata) -> None:
    in_sixty = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    drata.first = [Answer(429, {}, {"Retry-After": "7"}), Answer(503, {}, {"Retry-After": in_sixty}), Answer(502, raw=b"<html>")]
    receipt, pauses = pushed(drata, to_drata)
    assert receipt.id == "1"
    assert pauses[0] == 7 and 30 <= pauses[1] <= 60 and 3 <= pauses[2] <= 5


def test_patience_ends(drata: LocalDrata) -> None:
    drata.first = [Answer(500, {"message": "boom"})] * TRIES
    with pytest.raises(PushError, match=r"trouble of its own \(500\): boom"):
        pushed(drata, to_drata)
    assert len(drata.asked) == TRIES
    drata.first = [Answer(429, {}, {"Retry-After": str(int(LONGEST_PAUSE) + 1)})]
    with pytest.raises(PushError, match="asked too often"):
        pushed(drata, to_drata)
    assert len(drata.asked) == TRIES + 1


def test_what_must_not_happen_twice_is_not_sent_again_when_the_answer_is_lost(drata: LocalDrata) -> None:
    before = [Answer(200, {"data": [], "pagination": {"cursor": None}}), Answer(201, {"fileKey": "k"})]
    drata.first = [*before, Answer(0, hang_up=True)]
    with pytest.raises(PushError, match="whether it was taken is not known"):
        pushed(drata, to_drata)
    assert len(drata.asked) == 3
    drata.first = [*before, Answer(500, {})]
    with pytest.raises(PushError, match="500"):
        pushed(drata, to_drata)
    assert len(drata.asked) == 6


def test_a_lost_answer_to_what_may_happen_twice_is_asked_for_again(vanta: LocalVanta) -> None:
    vanta.first = [Answer(0, hang_up=True)]
    assert pushed(vanta, to_vanta)[0].id == "upload-1"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Answer(400, {"message": ["filedAt must be a date", "name is empty"]}),
            r"fault with the request \(400\): filedAt must be a date; name is empty",
        ),
        (Answer(401, {"message": f"unknown {TOKEN}"}), r"credentials \(401\): unknown …"),
        (Answer(403, {"error": "Forbidden\u202e"}), r"\(403\): Forbidden\\u\{202e\}"),
        (Answer(302, raw=b"x", headers={"Location": "https://evil.example/"}), r"did not take it \(302\)"),
        (Answer(413, raw=b"\xff\xfe"), r"too large \(413\)$"),
        (Answer(200, {"data": "no"}), "not as its API says"),
        (Answer(200, raw=b"<html>"), "not as its API says"),
        (Answer(200, raw=b"x" * 1_100_000), "more than 1 MiB"),
    ],
)
def test_what_goes_wrong_is_said_in_a_sentence_without_the_token(drata: LocalDrata, answer: Answer, said: str) -> None:
    drata.first = [answer]
    with pytest.raises(PushError, match=said) as caught:
        pushed(drata, to_drata)
    assert TOKEN not in str(caught.value)
    assert len(drata.asked) == 1


def test_wrong_credentials_are_said_to_be_wrong_without_the_secret(vanta: LocalVanta) -> None:
    with pytest.raises(PushError, match=r"credentials \(401\): bad secret …"):
        pushed(vanta, lambda exchange: Vanta(exchange, Credentials("us", "guess"), "mail-report"))


def test_a_platform_that_cannot_be_reached_is_said_to_be_so() -> None:
    nobody = Platform()
    nobody.url = "http://127.0.0.1:9"
    with pytest.raises(PushError, match=r"cannot be reached at http://127\.0\.0\.1:9"):
        pushed(nobody, to_drata)


@pytest.mark.parametrize(
    "url",
    [
        *("http://api.example.com", "https://u:p@api.example.com", "ftp://127.0.0.1", "https://", "nonsense"),
        *("http://127.0.0.1.evil.example", "https://a b", "https://x/?q"),
    ],
)
def test_a_token_goes_over_tls_or_to_this_machine_only(url: str) -> None:
    with pytest.raises(PushError):
        checked_base(url)


@given(st.text(max_size=80))
def test_no_address_makes_it_crash(url: str) -> None:
    try:
        assert checked_base(url)
    except PushError as error:
        assert str(error).isprintable()


def test_the_day_is_the_one_told_else_the_names_else_the_files(tmp_path: Path) -> None:
    path = tmp_path / FILE.name
    path.write_bytes(b"x")
    assert read_evidence(path).on == date(2026, 11, 21)
    assert read_evidence(path, date(2026, 1, 2)).on == date(2026, 1, 2)
    undated = tmp_path / "report_2026-99-99.zip"
    undated.write_bytes(b"x")
    os.utime(undated, (0, 86_400))
    assert read_evidence(undated).on == date(1970, 1, 2) and read_evidence(undated).media_type == "application/zip"
    for bad, said in ((tmp_path, "cannot be read"), (tmp_path / "nowhere", "cannot be read")):
        with pytest.raises(PushError, match=said):
            read_evidence(bad)
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(PushError, match="is empty"):
        read_evidence(tmp_path / "empty")


def test_the_files_of_a_series_have_one_name() -> None:
    assert series_name(FILE.name) == series_name("ExampleLtd_MailServerIHP_2027-02-01_2.zip") == SERIES
    assert series_name("report.pdf") == "report" and series_name(".pdf") == ".pdf"


def test_the_command_hands_a_file_over(hauberk: Hauberk, drata: LocalDrata, monkeypatch: pytest.MonkeyPatch) -> None:
    (hauberk.folder / FILE.name).write_bytes(FILE.data)
    monkeypatch.setenv("DRATA_API_KEY", TOKEN)
    done = hauberk("push", "drata", FILE.name, "--workspace", "11", "--url", drata.url)
    assert (done.code, done.out) == (0, "1\n") and "evidence item 1" in done.err
    monkeypatch.setenv("DRATA_API_KEY", "wrong")
    refused = hauberk("push", "drata", FILE.name, "--workspace", "11", "--url", drata.url)
    assert refused.code == 4 and "credentials (401)" in refused.err and refused.out == ""


def test_the_command_uploads_to_a_document(hauberk: Hauberk, vanta: LocalVanta, monkeypatch: pytest.MonkeyPatch) -> None:
    (hauberk.folder / FILE.name).write_bytes(FILE.data)
    for name, value in (("VANTA_CLIENT_ID", "us"), ("VANTA_CLIENT_SECRET", "s3cret")):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("VANTA_TOKEN", raising=False)
    done = hauberk("push", "vanta", FILE.name, "--document", "mail-report", "--submit", "--url", vanta.url, "--date", "2026-11-20")
    assert (done.code, done.out) == (0, "upload-1\n"), done.err
    assert vanta.uploads[0]["effectiveAtDate"].data.startswith(b"2026-11-20") and vanta.submitted == ["mail-report"]


def test_the_command_says_what_is_missing(hauberk: Hauberk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRATA_API_KEY", raising=False)
    (hauberk.folder / "x.pdf").write_bytes(b"x")
    assert "DRATA_API_KEY is not set" in hauberk("push", "drata", "x.pdf", "--workspace", "1").err
    monkeypatch.setenv("DRATA_API_KEY", "a\nb")
    assert "no key has" in hauberk("push", "drata", "x.pdf", "--workspace", "1").err
    monkeypatch.setenv("DRATA_API_KEY", TOKEN)
    assert "none of us, eu, apac" in hauberk("push", "drata", "x.pdf", "--workspace", "1", "--region", "moon").err
    assert hauberk("push", "drata", "nowhere.pdf", "--workspace", "1").code == 2
    assert hauberk("push", "drata", "x.pdf", "--workspace", "1", "--url", "http://api.example.com").code == 2
