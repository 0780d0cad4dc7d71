"""The gateway behind a real Postfix: what a person who submits mail sees."""

import smtplib
import subprocess
import tempfile
from collections.abc import Generator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage, Message
from pathlib import Path
from typing import cast

import pytest
from pysequoia import Profile, Tsk, decrypt

from hauberk.system.gateway.config import Action, Attachments, Confidentiality, Keys
from hauberk.system.gateway.keystore import KeyStore
from hauberk.system.gateway.openpgp import key_of
from lab.real_postfix import missing
from system.gateway import office, submission

KEYS = {address: Tsk.generate(f"X <{address}>", profile=Profile.RFC4880) for address in ("x@partner.test", "alice@corp.test")}
POLICY = Attachments(encrypted_archives=Action.QUARANTINE)
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
pytestmark = pytest.mark.xdist_group("gateway-postfix")


@pytest.fixture(scope="module")
def service() -> Generator[submission.Submission]:
    if reason := missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="hauberk-gateway-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for address, key in KEYS.items():
            KeyStore(folder / "keys").add_openpgp(key_of(key.extract_certificate()))
            assert key_of(key.extract_certificate()).addresses == (address,)
        config = replace(
            submission.config(folder), confidentiality=Confidentiality(True), keys=Keys(str(folder / "keys")), attachments=POLICY
        )
        with (
            submission.gateway_process(folder, config) as (process, where),
            submission.running(folder, where, process) as running,
        ):
            yield running


def letter(author: str, body: str, extra: str = "") -> bytes:
    return f"From: {author}\r\nTo: x@partner.test\r\nSubject: About it\r\n{extra}\r\n{body}\r\n".encode()


def test_clean_mail_passes_and_forged_notes_are_taken_away(service: submission.Submission) -> None:
    forged = "X-Hauberk-Content: clean\r\nX-Kept: yes\r\nX-Hauberk-Content: really\r\n"
    assert service.send("alice@corp.test", ("x@partner.test",), letter("Alice <alice@corp.test>", "mark-clean", forged))[0] == 250
    arrived = service.sink.wait(b"mark-clean")
    assert b"X-Hauberk-Content" not in arrived and b"X-Kept: yes" in arrived


@pytest.mark.parametrize(
    ("author", "reason"),
    (
        ("Bob <bob@corp.test>", "may not write as bob@corp.test"),
        ('"bob@corp.test" <alice@corp.test>', "shows bob@corp.test"),
        ("alice@corp.test, bob@corp.test", "may not write as bob@corp.test"),
        ("alice@corp.test\r\nFrom: bob@corp.test", "2 From fields"),
        ("alice@corp.test\r\nSender: bob@corp.test", "(Sender field)"),
        ("alice@corp.test <bob@corp.test>", "cannot be read"),
        ("100% <bob@elsewhere.test>", "may not write as bob@elsewhere.test"),
    ),
)
def test_nobody_writes_as_somebody_else(service: submission.Submission, author: str, reason: str) -> None:
    code, text = service.send("alice@corp.test", ("x@partner.test",), letter(author, "forged"))
    assert code == 550 and reason in text


def test_a_shared_address_belongs_to_each_of_its_owners(service: submission.Submission) -> None:
    for login in ("alice@corp.test", "bob@corp.test"):
        assert service.send(login, ("x@partner.test",), letter("office@corp.test", "shared"))[0] == 250


def test_what_only_the_second_engine_knows_is_refused_with_its_name(service: submission.Submission) -> None:
    canary = "HAUBERK-SECOND-ENGINE-TEST-FILE-9c1f4be27d50"
    code, text = service.send("alice@corp.test", ("x@partner.test",), letter("alice@corp.test", canary))
    assert code == 554 and "Hauberk_Second_Engine_Test_File" in text


def test_a_per_cent_sign_arrives_as_one(service: submission.Submission) -> None:
    _, text = service.send("alice@corp.test", ("x@partner.test",), letter("alice@corp.test", "x", "Sender: a%s%n@corp.test\r\n"))
    assert "may not write as a%s%n@corp.test" in text


def test_a_confidential_message_arrives_encrypted_and_its_recipient_opens_it(service: submission.Submission) -> None:
    secret = "Nobody else reads this.\r\n.\r\n" + "x" * 3000
    message = letter(
        "Alice <alice@corp.test>", secret.replace("\r\n.", "\r\n.."), "Sensitivity: Company-Confidential\r\nContent-Language: en\r\n"
    )
    message = message.replace(b"About it", b"A price of 4711")
    assert service.send("alice@corp.test", ("x@partner.test",), message)[0] == 250
    arrived = service.sink.wait(b"multipart/encrypted")
    assert b"Nobody" not in arrived and b"4711" not in arrived and b"Content-Language" not in arrived
    outside = message_from_bytes(arrived)
    armoured = cast("list[Message]", outside.get_payload())[1].get_payload(decode=True)
    assert isinstance(armoured, bytes) and outside["Subject"] == "[...]"
    for key in KEYS.values():
        inside = message_from_bytes(decrypt(armoured, key.decryptor()).bytes or b"")
        assert inside["Subject"] == "A price of 4711" and inside["Content-Language"] == "en"
        body = inside.get_payload(decode=True)
        assert isinstance(body, bytes) and body.startswith(b"Nobody else reads this.\r\n") and b"x" * 3000 in body.replace(b"\r\n ", b"")


def test_without_a_key_the_sender_is_told_whom_it_is_about(service: submission.Submission) -> None:
    message = letter("alice@corp.test", "secret").replace(b"About it", b"[confidential] price").replace(b"x@partner", b"y@partner")
    code, text = service.send("alice@corp.test", ("y@partner.test",), message)
    assert code == 550 and "cannot be encrypted (y@partner.test: no key or certificate is known)" in text


def with_attachment(name: str, octets: bytes) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "alice@corp.test", "x@partner.test", "File"
    message.set_content("See the attachment.")
    message.add_attachment(octets, "application", "octet-stream", filename=name)
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("name", "octets", "reason"),
    (
        ("a.txt", EICAR, "a.txt: EICAR_Test_File"),
        ("a.zip", office.zipped({"b.zip": office.zipped({"e.com.txt": EICAR})}), "a.zip > b.zip > e.com.txt: EICAR_Test_File"),
        ("setup.exe", b"MZ", "setup.exe: files of the kind exe"),
        ("Übersicht.docm", office.macro_document('Sub AutoOpen()\r\nShell "x"\r\nEnd Sub'), "macros that act (AutoOpen"),
        ("bomb.zip", office.zipped({"zeros": bytes(30_000_000)}), "unpacks to more than"),
    ),
)
def test_who_sends_something_bad_is_told_what_it_was(service: submission.Submission, name: str, octets: bytes, reason: str) -> None:
    code, text = service.send("alice@corp.test", ("x@partner.test",), with_attachment(name, octets))
    assert code == 554 and reason in text


def test_what_a_person_is_to_look_at_waits_in_the_hold_queue(service: submission.Submission) -> None:
    locked = office.locked(office.zipped({"secret.txt": b"x"}))
    code, text = service.send("alice@corp.test", ("x@partner.test",), with_attachment("locked.zip", locked))
    assert code == 250
    queue_id = text.rsplit(" ", 1)[-1]
    listed = subprocess.run(("postqueue", "-c", str(service.folder / "etc"), "-p"), capture_output=True, check=True, timeout=30).stdout
    assert f"{queue_id}!".encode() in listed


def test_a_large_message_passes_whole(service: submission.Submission) -> None:
    lines = b"0123456789abcdef0123456789abcdef0123456789abcdef\r\n" * 100_000
    assert service.send("alice@corp.test", ("x@partner.test",), letter("alice@corp.test", "mark-large") + lines)[0] == 250
    assert service.sink.wait(b"mark-large", 60).endswith(lines)


def test_nothing_is_taken_while_the_gateway_is_stopped() -> None:
    if reason := missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="hauberk-gateway-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (
            submission.gateway_process(folder, submission.config(folder)) as (process, where),
            submission.running(folder, where, process) as running,
        ):
            message = letter("alice@corp.test", "mark-before")
            assert running.send("alice@corp.test", ("x@partner.test",), message)[0] == 250
            running.sink.wait(b"mark-before")
            process.kill()
            process.wait()
            with smtplib.SMTP("127.0.0.1", running.port, timeout=60) as client:
                assert client.docmd("EHLO", "client.test")[0] == 250
                codes = [client.docmd(*words)[0] for words in (("AUTH", "PLAIN AGEAYQ=="), ("MAIL", "FROM:<alice@corp.test>"), ("DATA",))]
            assert 450 <= codes[1] <= 459 and all(code >= 400 for code in codes[1:])
            assert len(running.sink.messages) == 1
