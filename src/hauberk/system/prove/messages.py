"""The messages that probes send. Each bears a token by which it is known again wherever it turns up. Pure."""

import gzip
import io
import secrets
import zipfile
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

FIELD = "X-Hauberk-Token"
_EICAR = ("X5O!P%@AP[4\\PZX54(P^)7CC)7}", "$EICAR-STANDARD-ANTIVIRUS-", "TEST-FILE!$H+H*")  # in pieces, so that this file is no virus
_GTUBE = ("XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-ANTI-UBE-", "TEST-EMAIL*C.34X")
_DAY = (2026, 1, 1, 0, 0, 0)  # of archive members: equal messages give equal octets


def eicar() -> bytes:
    """The test file of the European Institute for Computer Antivirus Research: harmless, and every engine must know it."""
    return "".join(_EICAR).encode()


def gtube() -> str:
    """The generic test for unsolicited bulk mail."""
    return "".join(_GTUBE)


def new_token() -> str:
    return f"hauberk-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    data: bytes
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Letter:
    """`fields` are further header fields, `Name: value`."""

    token: str
    sender: str
    recipient: str
    at: datetime
    text: str = "This is a test message of Hauberk. It may be deleted."
    subject: str = "Hauberk probe"
    fields: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


def compose(letter: Letter) -> bytes:
    """The message with CRLF line ends."""
    message = EmailMessage(policy=SMTP)
    message["From"] = letter.sender
    message["To"] = letter.recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.token}@{letter.sender.rpartition('@')[2] or 'invalid'}>"
    message[FIELD] = letter.token
    for field in letter.fields:
        name, _, value = field.partition(":")
        message[name] = value.strip()
    message.set_content(letter.text + "\n")
    for one in letter.attachments:
        kind, _, subtype = one.media_type.partition("/")
        message.add_attachment(one.data, maintype=kind, subtype=subtype, filename=one.name)
    return message.as_bytes()


def zipped(name: str, data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, _DAY), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)
