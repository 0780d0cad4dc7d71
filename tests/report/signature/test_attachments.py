"""Attached files read out of PDFs that are not as ours are."""

import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.report.pdf import Attachment, build_pdf
from hauberk.report.signature import attachments
from hauberk.report.signature.attachments import attached
from hauberk.report.signature.flaw import Flaw
from report.samples import report

WANTED = ("evidence.json",)


def file(name: bytes, number: int) -> bytes:
    return b"\n9%d 0 obj\n<</Type/Filespec/F(%b)/UF(%b)/EF<</F %d 0 R/UF %d 0 R>>>>\nendobj" % (number, name, name, number, number)


def stream(number: int, data: bytes, filters: bytes = b"/Filter/FlateDecode", length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    head = b"\n%d 0 obj\n<</Length %d/Type/EmbeddedFile%b>>\nstream\n" % (number, size, filters)
    return head + data + b"\nendstream\nendobj"


def reason(pdf: bytes) -> str:
    found = attached(pdf, WANTED)
    assert isinstance(found, Flaw), found
    return found.reason


def test_what_the_typesetter_attached_is_found() -> None:
    files = tuple(Attachment(f"{n}.json", "x", b'{"n":%d}' % n * n) for n in range(1, 6))
    assert attached(build_pdf(report(), files), ("2.json", "5.json", "7.json")) == {"2.json": b'{"n":2}' * 2, "5.json": b'{"n":5}' * 5}


def test_packed_and_plain_files_are_read() -> None:
    assert attached(file(b"evidence.json", 1) + stream(1, zlib.compress(b"{}")), WANTED) == {"evidence.json": b"{}"}
    assert attached(file(b"evidence.json", 1) + stream(1, b"{}", b""), WANTED) == {"evidence.json": b"{}"}
    assert attached(file(b"other.json", 1), WANTED) == {}


def test_ambiguous_files_are_refused() -> None:
    one = stream(1, b"{}", b"")
    assert "twice" in reason(file(b"evidence.json", 1) + file(b"evidence.json", 1) + one)
    assert "2 objects" in reason(file(b"evidence.json", 1) + one + one)
    assert "0 objects" in reason(file(b"evidence.json", 1))
    assert "too many" in reason(file(b"other.json", 1) * 20)


def test_broken_files_are_refused() -> None:
    head = file(b"evidence.json", 1)
    packed = zlib.compress(b"{}" * 1000)
    assert "cut short" in reason(head + stream(1, packed[:-5]))
    assert "unpacked" in reason(head + stream(1, b"no zlib"))
    assert "cut short" in reason(head + stream(1, b"{}", b"", length=1))
    assert "cut short" in reason(head + stream(1, b"{}", b"", length=9_999_999_999))
    assert "unknown way" in reason(head + stream(1, b"{}", b"/Filter/LZWDecode"))
    assert "unknown way" in reason(head + stream(1, b"{}", b"/Filter[/FlateDecode/FlateDecode]"))
    assert "not embedded" in reason(head + stream(1, b"{}", b"").replace(b"/Type/EmbeddedFile", b""))
    assert "not embedded" in reason(head + stream(1, b"{}", b"").replace(b"/Length 2", b"/Length 2 0 R"))


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "LARGEST", 1_000_000)
    start = time.monotonic()
    assert "more than" in reason(file(b"evidence.json", 1) + stream(1, zlib.compress(bytes(50_000_000))))
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    "hostile",
    [
        file(b"evidence.json", 1) + b"\n1 0 obj\n<<" * 100_000,
        file(b"evidence.json", 1) + b"\n1 0 obj\n<<" + b">>" * 2_000_000,
        file(b"evidence.json", 1) + b"\n1 0 obj\n<<>>" + b" " * 5_000_000,
        b"/Type/Filespec/F(" * 300_000,
    ],
)
def test_nothing_takes_long(hostile: bytes) -> None:
    start = time.monotonic()
    assert not isinstance(attached(hostile, WANTED), dict) or b"evidence" not in hostile
    assert time.monotonic() - start < 20


@given(st.binary(max_size=200), st.sampled_from([b"", b"/Filter/FlateDecode"]))
def test_reading_never_raises(data: bytes, filters: bytes) -> None:
    attached(file(b"evidence.json", 1) + stream(1, data, filters), WANTED)
    attached(file(b"evidence.json", 1) + data, WANTED)
