"""What happens to one message, on either side."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pysequoia
import pytest
from typer.testing import CliRunner

from hauberk.cli.system import system
from hauberk.system.gateway.config import Action, Attachments, Confidentiality, Engine, GatewayConfig, Keys, Limits, Side, Tcp, WithoutKey
from hauberk.system.gateway.config_file import render
from hauberk.system.gateway.gateway import NOTE_FIELD, Gateway
from hauberk.system.gateway.keystore import KeyStore
from hauberk.system.gateway.message import AddField, Decision, DropField, Hold, Message, Pass, Refuse
from hauberk.system.gateway.milter import HeaderField
from hauberk.system.gateway.openpgp import key_of
from system.gateway import office, submission

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ONE = Limits(workers=1)
INBOUND = GatewayConfig(Side.INBOUND, Tcp("127.0.0.1", 0), "Corp", ("corp.test",), limits=ONE, help_address="postmaster@corp.test")


def message(*attachments: tuple[str, bytes], extra: tuple[tuple[str, str], ...] = ()) -> Message:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "alice@corp.test", "x@partner.test", "Files"
    made.set_content("See the attachment.")
    for name, octets in attachments:
        made.add_attachment(octets, "application", "octet-stream", filename=name)
    head, _, body = made.as_bytes().partition(b"\n\n")
    fields = [HeaderField(*line.split(b":", 1)) for line in head.replace(b"\n ", b" ").split(b"\n")]
    fields += [HeaderField(name.encode(), value.encode()) for name, value in extra]
    return Message("alice@corp.test", ("x@partner.test",), tuple(fields), body.replace(b"\n", b"\r\n"), "alice@corp.test")


def decided(config: GatewayConfig, *messages: Message) -> list[Decision]:
    async def run() -> list[Decision]:
        gateway = await Gateway.start(config, lambda: NOW)
        try:
            return [await gateway.decide(one) for one in messages]
        finally:
            await gateway.stop()

    return asyncio.run(run())


DOCUMENT = ("plan.docm", office.macro_document("Sub Add()\r\nx = 1\r\nEnd Sub"))


def test_what_comes_in_is_noted_in_a_field_that_the_sender_cannot_forge() -> None:
    stranger = replace(message(DOCUMENT, extra=((NOTE_FIELD, "clean"),)), login="", sender="somebody@else.test")
    (decision,) = decided(INBOUND, stranger)
    note = AddField(NOTE_FIELD, "macro; plan.docm > word/vbaProject.bin: the document has macros")
    assert decision == Pass((DropField(NOTE_FIELD, 1), note))


def test_what_goes_out_carries_no_notes(tmp_path: Path) -> None:
    assert decided(replace(submission.config(tmp_path), limits=ONE), message(DOCUMENT)) == [Pass()]


def test_a_refusal_says_whose_rule_it_is_and_whom_to_ask() -> None:
    (decision,) = decided(INBOUND, message(("run.exe", b"x")))
    words = "Corp refuses this message: run.exe: files of the kind exe are not let through; ask postmaster@corp.test"
    assert decision == Refuse(words, "refused-type", 554, "5.7.1")


def test_each_action_does_what_it_is_called() -> None:
    attached = message(("run.exe", b"x"))
    for action, kind in ((Action.ACCEPT, Pass), (Action.NOTE, Pass), (Action.QUARANTINE, Hold), (Action.REJECT, Refuse)):
        (decision,) = decided(replace(INBOUND, attachments=Attachments(on_refused=action)), attached)
        assert isinstance(decision, kind)
        changes = decision.changes if isinstance(decision, (Pass, Hold)) else ()
        assert bool(changes) is (action in (Action.NOTE, Action.QUARANTINE))


def test_the_sternest_of_several_findings_decides() -> None:
    config = replace(INBOUND, attachments=Attachments(on_refused=Action.NOTE), engine=Engine(any_macros=Action.QUARANTINE))
    (decision,) = decided(config, message(("run.exe", b"x"), DOCUMENT))
    assert isinstance(decision, Hold) and decision.rule == "macro" and len(decision.changes) == 2


def test_a_confidential_message_without_a_key_is_held_if_that_is_wanted(tmp_path: Path) -> None:
    rule = Confidentiality(True, without_key=WithoutKey.QUARANTINE)
    config = replace(submission.config(tmp_path), limits=ONE, confidentiality=rule, keys=Keys(str(tmp_path / "keys")))
    marked = message(extra=(("Sensitivity", " Company-Confidential"),))
    (decision,) = decided(config, marked)
    assert isinstance(decision, Hold) and decision.rule == "confidential"
    key = pysequoia.Tsk.generate("X <x@partner.test>", profile=pysequoia.Profile.RFC4880)
    KeyStore(tmp_path / "keys").add_openpgp(key_of(key.extract_certificate()))
    (decision,) = decided(config, marked)
    assert isinstance(decision, Pass) and decision.changes


def test_the_attachment_policy_comes_before_encryption(tmp_path: Path) -> None:
    config = replace(submission.config(tmp_path), limits=ONE, confidentiality=Confidentiality(True), keys=Keys(str(tmp_path / "keys")))
    (decision,) = decided(config, message(("run.exe", b"x"), extra=(("Sensitivity", " Company-Confidential"),)))
    assert isinstance(decision, Refuse) and decision.rule == "refused-type"


@pytest.mark.parametrize(
    ("config", "code", "said"),
    (
        (INBOUND, 0, "fine, side inbound, would listen at 127.0.0.1:0"),
        (replace(INBOUND, engine=Engine(rules="/missing")), 2, "/missing"),
    ),
)
def test_a_configuration_is_checked_without_starting(tmp_path: Path, config: GatewayConfig, code: int, said: str) -> None:
    (tmp_path / "gateway.toml").write_text(render(config))
    result = CliRunner().invoke(system, ["gateway", str(tmp_path / "gateway.toml"), "--check"])
    assert result.exit_code == code and said in result.output, result.output
    assert CliRunner().invoke(system, ["gateway", str(tmp_path / "missing")]).exit_code == 2
