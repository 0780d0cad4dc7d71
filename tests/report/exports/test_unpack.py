"""Evidence packs from strangers."""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hauberk.report.exports import unpack
from hauberk.report.exports.pack import PackFile, evidence_pack
from hauberk.report.exports.unpack import unpacked
from hauberk.report.signature.flaw import Flaw
from hauberk.world.tape import encode
from report.samples import assessment, observation

TAPE = observation()
REPORT = PackFile("report.pdf", b"%PDF-1.7")
PACK = evidence_pack(assessment(TAPE), encode(TAPE), (REPORT,))
Files = dict[str, bytes]


def repacked(put: Files, gone: str) -> bytes:
    """The pack with files put into it and one gone, and the manifest as it was unless that is put."""
    with ZipFile(BytesIO(PACK)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files = {name: data for name, data in (files | put).items() if name != gone}
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_a_pack_comes_back_as_it_went_in() -> None:
    files = unpacked(PACK)
    assert not isinstance(files, Flaw)
    assert files["report.pdf"] == REPORT.data and files["evidence.json"] == encode(TAPE)
    assert unpacked(repacked({}, "")) == files


@pytest.mark.parametrize(
    ("put", "gone", "said"),
    [
        ({"report.pdf": b"%PDF-1.8"}, "", "report.pdf: it is not what the manifest names"),
        ({"extra.exe": b"MZ"}, "", "does not name the files"),
        ({}, "report.pdf", "does not name the files"),
        ({}, "evidence.json", "it is no evidence pack: evidence.json"),
        ({"../../etc/passwd": b""}, "", "does not put there"),
        ({"a\u202eb": b""}, "", r"a\u{202e}b"),
        ({"MANIFEST.sha256": b"\xff\n"}, "", "does not name the files"),
        ({f"{n}": b"" for n in range(100)}, "", "more than 100 files"),
        ({"bomb": bytes(unpack.LARGEST)}, "", "or 256 MiB"),
    ],
)
def test_what_was_changed_is_found(put: Files, gone: str, said: str) -> None:
    flaw = unpacked(repacked(put, gone))
    assert isinstance(flaw, Flaw)
    assert said in str(flaw) and str(flaw).isprintable()


def test_a_pack_that_is_compressed_otherwise_is_not_unpacked() -> None:
    out = BytesIO()
    with ZipFile(BytesIO(PACK)) as archive, ZipFile(out, "w", ZIP_LZMA) as other:
        for name in archive.namelist():
            other.writestr(name, archive.read(name))
    damaged = out.getvalue().replace(b"\x5d\x00\x00", b"\xff\xff\xff")  # the settings of LZMA
    for octets in (out.getvalue(), damaged):
        assert "in a way that Hauberk does not use" in str(unpacked(octets))


def test_a_tape_of_another_scan_is_found_though_the_manifest_names_it() -> None:
    other = observation(hosts=1)
    flaw = unpacked(evidence_pack(assessment(TAPE), encode(other), (REPORT,)))
    assert isinstance(flaw, Flaw) and "not the evidence that the assessment names" in str(flaw)


@given(st.integers(0, len(PACK) - 1), st.integers(1, 255))
def test_no_changed_octet_makes_it_crash(at: int, flip: int) -> None:
    files = unpacked(PACK[:at] + bytes((PACK[at] ^ flip,)) + PACK[at + 1 :])
    assert isinstance(files, Flaw) or files == unpacked(PACK)  # times and attributes are in no manifest


@given(st.binary(max_size=200), st.integers(0, len(PACK)))
def test_no_octets_make_it_crash(data: bytes, cut: int) -> None:
    assert isinstance(unpacked(unpack.MAGIC + data), Flaw)
    files = unpacked(PACK[:cut] + data)
    assert isinstance(files, Flaw) or files == unpacked(PACK)
