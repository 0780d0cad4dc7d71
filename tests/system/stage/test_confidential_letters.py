"""Confidential letters through the whole system, opened by the recipient's own programs: what is inside is what was written."""

import subprocess
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from hauberk.system.declaration import Role
from hauberk.system.gateway.keykeeping import take_in
from hauberk.system.gateway.keystore import KeyStore
from hauberk.system.stage.pki import Leaf, mail_certificate
from hauberk.system.stage.play import ALICE, PARTNER
from system.playing import Playing, letter, parsed

CERTA = f"certa@{PARTNER}"
SECRET = "The price is 4711, für Zürich.\r\n"
ATTACHED = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def certa(playing: Playing) -> Leaf:
    """Somebody at the partner's, whose S/MIME certificate the gateway takes in while it runs."""
    made = mail_certificate(CERTA, datetime.now(UTC))
    take_in(KeyStore(Path(playing.stage.props.places[Role.MDA].content_keys)), made.chain_pem)
    return made


def opened(message: EmailMessage, whose: Leaf, folder: Path) -> EmailMessage:
    (folder / "certificate.pem").write_bytes(whose.chain_pem)
    (folder / "key.pem").write_bytes(whose.key_pem)
    command = ("openssl", "cms", "-decrypt", "-recip", str(folder / "certificate.pem"), "-inkey", str(folder / "key.pem"))
    return parsed(subprocess.run(command, input=message.as_bytes(), check=True, capture_output=True, timeout=30).stdout)


def parts(message: EmailMessage) -> list[tuple[str, str | None, object]]:
    return [(one.get_content_type(), one.get_filename(), one.get_content()) for one in message.walk() if not one.is_multipart()]


def test_openssl_opens_a_confidential_letter_and_finds_what_was_written(playing: Playing, certa: Leaf, tmp_path: Path) -> None:
    sent = letter(ALICE.login, CERTA, SECRET, Subject="The price for Zürich", Sensitivity="Company-Confidential")
    sent.add_attachment(ATTACHED, "application", "octet-stream", filename="prices.dat")
    with playing.submission(ALICE) as session:
        session.send_message(sent)
    got = playing.sunk(CERTA, sent)
    assert (got.get_content_type(), got["Content-Type"].params["smime-type"]) == ("application/pkcs7-mime", "enveloped-data")
    assert got["Subject"] == "[...]" and "d=corp.test;" in str(got["DKIM-Signature"])
    assert not any(word in got.as_bytes() + bytes(got.get_content()) for word in (b"4711", "Zürich".encode(), b"prices.dat"))
    inside = opened(got, certa, tmp_path)
    assert parts(inside) == parts(parsed(sent.as_bytes()))
    assert [inside[name] for name in ("Subject", "From", "To", "Date", "Message-ID")] == [
        sent[name] for name in ("Subject", "From", "To", "Date", "Message-ID")
    ]
