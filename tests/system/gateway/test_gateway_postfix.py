"""The gateway behind a real Postfix: what a person who submits mail sees."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from lab.real_postfix import missing
from system.gateway import submission

pytestmark = pytest.mark.xdist_group("gateway-postfix")


@pytest.fixture(scope="module")
def service() -> Generator[submission.Submission]:
    if reason := missing():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="hauberk-gateway-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with (
            submission.gateway_process(folder, submission.config(folder)) as (process, where),
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
