"""What the inspection of content finds: in parts, in archives, in documents, under any name; and that it ends soon on any input."""

import base64
import binascii
import bz2
import gzip
import io
import lzma
import random
import subprocess
import tarfile
import time
import warnings
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.system.gateway.cms import signed_content
from hauberk.system.gateway.config import Attachments
from hauberk.system.gateway.content import inspect
from hauberk.system.gateway.findings import Kind
from hauberk.system.gateway.yara import Match, Yara
from system.gateway import office

CANARY = b"HAUBERK-SECOND-ENGINE-TEST-FILE-9c1f4be27d50"
POLICY = Attachments()
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # oletools' use of pyparsing


def scan(octets: bytes) -> tuple[Match, ...]:
    return (Match("Canary", "the test file"),) if CANARY in octets else ()


def mail(*attachments: tuple[str, bytes], text: str = "See the attachment.") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@x.test", "b@y.test", "Files"
    message.set_content(text)
    for name, octets in attachments:
        message.add_attachment(octets, "application", "octet-stream", filename=name)
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def kinds(message: bytes, policy: Attachments = POLICY) -> set[Kind]:
    return {finding.kind for finding in inspect(message, policy, scan)}


def tarred(name: str, octets: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.size = len(octets)
        archive.addfile(info, io.BytesIO(octets))
    return made.getvalue()


def test_clean_mail_has_no_findings() -> None:
    clean = mail(
        ("report.pdf", b"%PDF-1.4"), ("table.zip", office.zipped({"a.csv": b"1,2"})), ("x.docx", office.zipped({"word/a.xml": b"x"}))
    )
    assert inspect(clean, POLICY, scan) == ()


INSIDE = b"<" + CANARY + b">" * 50
PACKED = (
    ("a.zip", office.zipped({"in/a.txt": INSIDE})),
    ("b.zip", office.zipped({"b.zip": office.zipped({"c.zip": office.zipped({"a.txt": INSIDE})})})),
    ("bz2.zip", office.zipped({"a.txt": INSIDE}, zipfile.ZIP_BZIP2)),
    ("lzma.zip", office.zipped({"a.txt": INSIDE}, zipfile.ZIP_LZMA)),
    ("a.txt.gz", gzip.compress(INSIDE)),
    ("two.gz", gzip.compress(b"first") + gzip.compress(INSIDE)),
    ("padded.gz", gzip.compress(b"first") + bytes(512) + gzip.compress(INSIDE)),
    ("a.bz2", bz2.compress(INSIDE)),
    ("a.xz", lzma.compress(INSIDE)),
    ("a.tar", tarred("a.txt", INSIDE)),
    ("nameless.zip", office.zipped({"~": INSIDE}).replace(b"~", b"\0")),
    ("folder.zip", office.zipped({"folder/": INSIDE})),
    ("a.tgz", gzip.compress(tarred("a.txt", INSIDE))),
    ("harmless.txt", office.zipped({"a.txt": INSIDE})),
    ("after-a-picture.jpg", b"\xff\xd8\xff" + office.zipped({"a.txt": INSIDE})),
    ("x.doc", office.packed_program("a.txt", INSIDE)),
)


@pytest.mark.parametrize(("name", "octets"), PACKED, ids=[name for name, _ in PACKED])
def test_the_engine_sees_what_is_packed(name: str, octets: bytes) -> None:
    found = inspect(mail((name, octets)), POLICY, scan)
    assert {one.kind for one in found} == {Kind.MATCH}
    assert found[-1].where[0] == name and len(found[-1].where) > 1 and found[-1].what == "Canary: the test file"


@pytest.mark.parametrize(
    "encoded",
    (
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(CANARY),
        b"Content-Transfer-Encoding: BASE64 (really)\r\n\r\n" + base64.encodebytes(CANARY),
        b"Content-Transfer-Encoding: base64\r\n\r\nQQ==\r\n" + base64.encodebytes(CANARY),
        b"Content-Type: text/plain; charset=a\0b\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==\xe4\r\n" + base64.encodebytes(CANARY),
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + CANARY.replace(b"E", b"=45"),
        b"\r\nbegin 644 x\r\n" + binascii.b2a_uu(CANARY) + b"`\r\nend\r\n",
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(b"Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(CANARY)),
        b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(CANARY),
    ),
)
def test_the_engine_sees_what_is_encoded(encoded: bytes) -> None:
    assert CANARY not in encoded
    assert Kind.MATCH in kinds(b"From: a@x.test\r\nMIME-Version: 1.0\r\n" + encoded)


@pytest.mark.parametrize(
    ("name", "octets"),
    (
        ("run.exe", b"x"),
        ("RUN.EXE", b"x"),
        ("run.exe. .", b"x"),
        ("invoice.pdf.js", b"x"),
        ("cod.\u202eexe", b"x"),
        ("run.e\u200bxe", b"x"),
        ("picture.png", b"MZ" + bytes(100)),
        ("picture.png", b"\x7fELF" + bytes(100)),
        ("notes.txt", b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(100)),
        ("disc.dat", bytes(32_769) + b"CD001"),
        ("a.zip", office.zipped({"doc/run.scr": b"x"})),
        ("a.zip", office.zipped({"doc/readme.txt": b"MZ" + bytes(100)})),
        ("a.zip", office.locked(office.zipped({"run.exe": b"x"}))),
        ("a.docx", office.zipped({"word/embeddings/object.bin": office.packed_program("run.exe", b"MZ")})),
    ),
)
def test_a_refused_type_is_known_by_name_and_by_content(name: str, octets: bytes) -> None:
    assert Kind.REFUSED_TYPE in kinds(mail((name, octets)))


@pytest.mark.parametrize("text", ("MZ wrote:", "MSCF", "ITSF World Cup", "conectix", "BZh9", "We-lhyou", "vhdxfile"))
def test_a_text_is_not_taken_for_another_format_by_its_first_letters(text: str) -> None:
    assert kinds(mail(("notes.txt", text.encode()), text=text)) == set()


@pytest.mark.parametrize(
    "parameters", (b'name="=?utf-8?q?run=2Eexe?="', b"name*=utf-8''run%2Eexe", b"name*0=run.; name*1=exe", b"NAME=run.exe")
)
def test_every_way_to_write_a_name_is_read(parameters: bytes) -> None:
    head = b"From: a@x.test\r\nContent-Type: application/octet-stream; " + parameters
    assert Kind.REFUSED_TYPE in kinds(head + b'\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\nx\r\n')


@pytest.mark.parametrize(
    "value",
    (
        *(b"filename=a.txt; filename*=''run.exe", b"filename=a.txt; filename=run.exe", b'filename="run.exe"; Filename="a.txt"'),
        *(b'filename="run.exe"txt', b'filename="run.exe\0.txt"', b"filename*=idna''run.exe", b"filename*=ut\0f''run.exe"),
    ),
)
def test_every_one_of_several_names_is_read(value: bytes) -> None:
    assert Kind.REFUSED_TYPE in kinds(b"From: a@x.test\r\nContent-Disposition: attachment; " + value + b"\r\n\r\nx\r\n")


@pytest.mark.parametrize(
    ("octets", "kind"),
    (
        (office.macro_project('Sub AutoOpen()\r\nCreateObject("WScript.Shell").Run "calc"\r\nEnd Sub'), Kind.ACTING_MACRO),
        (office.macro_document("Sub Document_Open()\r\nx = 1\r\nEnd Sub"), Kind.ACTING_MACRO),
        (office.macro_document("Sub Add()\r\nx = 1 + 1\r\nEnd Sub"), Kind.MACRO),
        (office.zipped({"[Content_Types].xml": b"x", "xl/macrosheets/sheet1.xml": b"x"}), Kind.ACTING_MACRO),
        (office.encrypted_document(), Kind.ENCRYPTED_ARCHIVE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 700, Kind.UNREADABLE_ARCHIVE),
    ),
)
def test_macros_are_told_apart_by_what_they_do(octets: bytes, kind: Kind) -> None:
    assert kinds(mail(("document.doc", octets))) == {kind}


@pytest.mark.parametrize(
    ("octets", "kind"),
    (
        (office.locked(office.zipped({"a.txt": b"x"})), Kind.ENCRYPTED_ARCHIVE),
        (b"7z\xbc\xaf\x27\x1c" + bytes(40), Kind.UNREADABLE_ARCHIVE),
        (b"Rar!\x1a\x07\x01\x00" + bytes(40), Kind.UNREADABLE_ARCHIVE),
        (b"\x78\x9f\x3e\x22" + bytes(40), Kind.UNREADABLE_ARCHIVE),
        (office.zipped({"a.txt": b"x" * 500})[:-30], Kind.UNREADABLE_ARCHIVE),
        (office.zipped({"a.txt": b"x"}) + office.zipped({"b.txt": b"x"}), Kind.UNREADABLE_ARCHIVE),
        (gzip.compress(b"x" * 1000)[:-12], Kind.UNREADABLE_ARCHIVE),
        (tarred("a", b"x" * 2000)[:1000], Kind.UNREADABLE_ARCHIVE),
        (office.zipped({"a.zip": office.zipped({"b.txt": b"x"})}), None),
    ),
)
def test_what_cannot_be_looked_into_is_said(octets: bytes, kind: Kind | None) -> None:
    assert kinds(mail(("a.bin.zip", octets))) == ({kind} if kind else set())


def test_many_harmless_findings_hide_no_grave_one() -> None:
    noted = b"--b\r\nContent-Type: application/pkcs7-mime\r\n\r\nMII\r\n" * 100
    refused = b"--b\r\nContent-Disposition: attachment; filename=run.exe\r\n\r\nx\r\n--b--\r\n"
    message = b"From: a@x.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + noted + refused
    assert kinds(message) == {Kind.ENCRYPTED_MAIL, Kind.REFUSED_TYPE}
    assert len(inspect(message, POLICY, scan)) < 10


def test_findings_can_be_told_whatever_the_names_are() -> None:
    (finding,) = inspect(mail(("a.tar", tarred("\udcff" + "long" * 100_000 + ".exe", b"x"))), POLICY, scan)
    assert finding.kind is Kind.REFUSED_TYPE
    assert len(msgspec.msgpack.encode(finding)) < 1000


def nested(depth: int) -> bytes:
    octets = office.zipped({"a.txt": b"x"})
    for _ in range(depth):
        octets = office.zipped({"a.zip": octets})
    return octets


@pytest.mark.parametrize(
    "octets",
    (
        nested(6),
        office.zipped({"zeros": bytes(30_000_000)}),
        gzip.compress(gzip.compress(bytes(30_000_000))),
        gzip.compress(b"") * 60_000,
        bz2.compress(bytes(30_000_000)),
        office.zipped({f"{number}": b"" for number in range(2001)}),
        office.zipped({f"{number}": bytes(9_900_000) for number in range(21)}),
    ),
    ids=("deep", "ratio", "gzip", "streams", "bzip2", "many", "large"),
)
def test_bombs_are_refused_before_they_go_off(octets: bytes) -> None:
    assert kinds(mail(("a.zip", octets))) == {Kind.BOMB}


@pytest.mark.parametrize("pack", (gzip.compress, bz2.compress, lzma.compress))
def test_streams_of_any_length_are_read_to_their_end(pack: Callable[[bytes], bytes]) -> None:
    long = random.Random(1).randbytes(600_000)
    octets = pack(long) + bytes(300) + pack(b"") + pack(long[:999] + CANARY)
    seen: list[bytes] = []
    inspect(mail(("a", octets)), POLICY, lambda file: seen.append(file) or ())
    assert seen[-1] == long + long[:999] + CANARY
    assert Kind.UNREADABLE_ARCHIVE in kinds(mail(("a", octets[:-1])))


def test_well_packed_honest_files_are_no_bombs() -> None:
    assert kinds(mail(("log.gz", gzip.compress(b"2026-11-22 nothing happened\n" * 300_000)))) == set()


@pytest.mark.parametrize(
    "head",
    (
        b"Content-Type: text/plain\r\nContent-Type: text/html",
        b"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit",
        b"Content-Transfer-Encoding: base65",
        b"Content-Disposition: inline\r\nContent-Disposition: attachment; filename=a.exe",
        b"Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: base64\r\n\r\n--b\r\n\r\nx\r\n--b--",
        b"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--b\r\n\r\nx\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type : text/html\r\n\r\nx\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n half: a field\r\n\r\nx\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b; boundary=c\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--c\r\n\r\ny\r\n--c--",
        b"Content-Type: multipart/mixed; boundary=b; boundary*=''c; boundary*0=d\r\n\r\n--b\r\n\r\nx\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--bc\r\n\r\ny\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--bc\r\n\r\ny\r\n--b\r\n\r\nx\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n--b\r\n\r\ny\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed\r\n\r\n--c\r\n\r\nx\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n--c\r\n\r\nx\r\n--b--",
        b"Content-Type: (a comment)multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--",
        b"Content-Type: multip\xffart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r--b--\r\r\n--b\r\n\r\ny\r\n--b--",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-16\r\n\r\n\xe4\r\n--bc\r\n--b--",
        b"Content-Type: message/partial; id=x; number=2; total=3\r\n\r\nSubject: y",
        b"Content-Disposition: attachment; filename*=''a.txt; filename*0=run.exe",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + b"X: y\r\n" * 1100 + b"\r\nx\r\n--b--",
    ),
)
def test_what_programs_would_read_differently_is_ambiguous(head: bytes) -> None:
    assert Kind.AMBIGUOUS_MIME in kinds(b"From: a@x.test\r\n" + head + b"\r\n\r\nx\r\n")


MIXED = b"Content-Type: multipart/mixed; boundary="


@pytest.mark.parametrize(
    "octets",
    (
        MIXED + b"b\r\n\r\nFor old programs.\r\n--b\r\n\r\nx\r\n-- \r\nA. Nobody\r\n--b--\r\n\r\nA list's foot\r\n",
        MIXED + b"b\r\n\r\n--b\r\n" + MIXED + b"bb\r\n\r\n--bb\r\n\r\nx\r\n--bb--\r\n--b--\r\n--b--\r\n",
        MIXED + b"b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n" + MIXED + b"c\r\n\r\n--b--",
        b'Content-Type: text/plain; name="multipart.txt"; charset=us-ascii (plain)\r\n\r\nx\r\n-- \r\nA. Nobody\r\n',
    ),
    ids=("foot", "long-boundary", "bounce", "name"),
)
def test_what_all_programs_read_alike_is_not_ambiguous(octets: bytes) -> None:
    assert kinds(b"From: a@x.test\r\n" + octets) == set()


@pytest.mark.parametrize(
    "value",
    (
        b" a=b;" * 400_000,
        b'name="' + b"=?utf-8?q?a?= " * 100_000 + b'"',
        b'name="' + b'\\"' * 500_000 + b'"',
        b" a=b;" * 200,
        b'name="' + b"=?a?q?x" * 200 + b'"',
    ),
)
def test_no_field_is_so_long_that_it_holds_up_the_others(value: bytes) -> None:
    for kind in (b"text/plain; ", b"multipart/mixed; "):
        started = time.process_time()
        assert Kind.AMBIGUOUS_MIME in kinds(b"From: a@x.test\r\nContent-Type: " + kind + value + b"\r\n\r\nx\r\n")
        assert time.process_time() - started < 5


def test_parts_within_parts_have_an_end() -> None:
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(300))
    assert Kind.AMBIGUOUS_MIME in kinds(b"From: a@x.test\r\n" + deep + b"\r\nx\r\n")
    wide = b"From: a@x.test\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 2100 + b"--b--\r\n"
    assert Kind.AMBIGUOUS_MIME in kinds(wide)


@pytest.mark.parametrize(
    "head",
    (
        b'multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n--b\r\n\r\nVersion: 1\r\n--b--\r\n',
        b"application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMII\r\n",
    ),
)
def test_encrypted_mail_is_noted(head: bytes) -> None:
    assert kinds(b"From: a@x.test\r\nContent-Type: " + head) == {Kind.ENCRYPTED_MAIL}
    damaged = b"From: a@x.test\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\nMII\r\n"
    assert kinds(damaged) == {Kind.ENCRYPTED_MAIL}


@pytest.mark.parametrize("kind", ("application/pkcs7-mime; smime-type=signed-data", "application/octet-stream; name=smime.p7m"))
@pytest.mark.parametrize("options", ((), ("-stream",)), ids=("der", "ber"))
def test_what_is_signed_is_looked_into(tmp_path: Path, kind: str, options: tuple[str, ...]) -> None:
    def signed(content: bytes) -> bytes:
        return _openssl(tmp_path, content, "cms", "-sign", "-nodetach", "-binary", "-signer", "own.pem", "-outform", "DER", *options)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "own.pem")
    _openssl(tmp_path, b"", "req", "-x509", *key, "-subj", "/CN=a", "-out", "certificate")
    with (tmp_path / "own.pem").open("ab") as file:
        file.write((tmp_path / "certificate").read_bytes())
    head = f"From: a@x.test\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
    for content, found in (
        (mail(("notes.txt", b"x" * 100_000)), set[Kind]()),
        (mail(("run.exe", b"x")), {Kind.REFUSED_TYPE}),
        (head + base64.encodebytes(signed(mail(("run.exe", b"x")))), {Kind.REFUSED_TYPE}),
    ):
        assert kinds(head + base64.encodebytes(signed(content))) == found


@given(st.binary(max_size=60))
def test_no_octets_make_the_reading_of_signed_data_fail(octets: bytes) -> None:
    begun = bytes.fromhex("308006092a864886f70d010702a0803080020101")
    for one in (octets, begun + octets, begun + bytes.fromhex("3100308006092a864886f70d010701a0802480") + octets):
        found = signed_content(one)
        assert found is None or found in octets or len(found) < len(octets)


def _openssl(folder: Path, octets: bytes, *arguments: str) -> bytes:
    return subprocess.run(("openssl", *arguments), cwd=folder, input=octets, capture_output=True, check=True).stdout


def test_the_rules_that_come_with_the_program() -> None:
    engine = Yara("", 10)
    eicar = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    smuggling = b"<script>var b=new Blob([atob(x)]);a.href=URL.createObjectURL(b);a.download='x';a.click()</script>"
    samples = {
        "Hauberk_Second_Engine_Test_File": CANARY,
        "EICAR_Test_File": eicar,
        "HTML_Smuggling": smuggling,
        "Shortcut_To_Interpreter": b"L\x00\x00\x00\x01\x14\x02\x00" + "C:\\powershell.exe".encode("utf-16-le"),
        "Encoded_PowerShell": b"powershell.exe -nop -enc " + b"QUJD" * 20,
        "RTF_Equation_Editor": b"{\\rtf1{\\object\\objdata Equation.3}}",
    }
    for rule, sample in samples.items():
        assert [match.rule for match in engine.scan(sample)] == [rule]
    assert engine.scan(b"Dear all, powershell is a fine tool; see <b>new Blob(</b>.") == ()


FRAGMENTS = st.sampled_from(
    (
        *(b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n", b"--b--\r\n", b"\r\n", b"Content-Type: message/rfc822\r\n"),
        *(b"Content-Transfer-Encoding: base64\r\n", b"UEsDBA==\r\n", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"\x1f\x8b\x08", b"BZh9"),
        *(
            b"begin 644 a.exe\r\n",
            b"end\r\n",
            b"#0V%T\r\n",
            b"Content-Disposition: attachment; filename*=''%00.exe\r\n",
            b"=?utf-8?b?/w==?=",
        ),
        *(b"Content-Type: text/plain; charset=nonsense\r\n", b"\xfd7zXZ\x00", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", bytes(257) + b"ustar"),
    )
)


@settings(max_examples=150)
@given(st.lists(st.one_of(FRAGMENTS, st.binary(max_size=40)), max_size=25))
def test_no_message_makes_the_inspection_fail(pieces: list[bytes]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inspect(b"From: a@x.test\r\n" + b"".join(pieces), POLICY, scan)


DAMAGED = (
    office.zipped({"a.zip": office.zipped({"b": b"x" * 99})}),
    gzip.compress(b"x" * 999),
    bz2.compress(b"x" * 99),
    lzma.compress(b"x" * 99),
    tarred("a", b"x" * 700),
    office.macro_project("Sub A()\r\nEnd Sub"),
    office.packed_program("a", b"x"),
)


@settings(max_examples=60)
@given(st.data())
def test_no_damage_to_an_archive_makes_the_inspection_fail(data: st.DataObject) -> None:
    made = data.draw(st.sampled_from(DAMAGED))
    octets = bytearray(made)
    for at, one in data.draw(st.lists(st.tuples(st.integers(0, len(made) - 1), st.integers(0, 255)), min_size=1, max_size=6)):
        octets[at] = one
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        inspect(mail(("a.zip", bytes(octets))), POLICY, scan)
