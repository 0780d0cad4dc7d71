"""The shape of an encrypted message: what goes inside, what stays in clear outside (RFC 9788), and the MIME around it (RFC 3156, RFC 8551).

Inside are the original body with its Content fields and a copy of the fields that people see. Outside, the subject is blanked and fields
that tell of the content go.
"""

import base64
from typing import Final

from hauberk.system.gateway.message import AddField, Change, ChangeField, DropField, Message, ReplaceBody
from hauberk.system.gateway.milter import HeaderField

_COPIED: Final = (
    *("from", "sender", "to", "cc", "reply-to", "date", "subject", "message-id", "in-reply-to", "references", "sensitivity", "importance"),
    *("keywords", "comments", "thread-topic"),
)
_OUTSIDE_GONE: Final = ("bcc", "resent-bcc", "keywords", "comments", "thread-topic", "thread-index")
_PROTECTED: Final = b';\r\n hp="cipher"; protected-headers="v1"'


def inner(message: Message, outer_subject: str) -> bytes:
    """What is encrypted: an entity of MIME whose header has the fields that are protected, each line ending in CRLF."""
    copied = [one for one in message.fields if one.name.lower().decode("latin-1") in _COPIED]
    content = [one for one in message.fields if one.name.lower().startswith(b"content-")]
    kind = next((one.value for one in content if one.name.lower() == b"content-type"), b" text/plain")
    lines = [_line(one.name, one.value) for one in copied]
    lines += [_line(b"HP-Outer", b" " + one.name + b":" + _outer_value(one, outer_subject)) for one in copied if not _gone(one)]
    lines += [_line(one.name, one.value) for one in content if one.name.lower() != b"content-type"]
    lines.append(_line(b"Content-Type", _crlf(kind).rstrip().rstrip(b";") + _PROTECTED))
    return b"".join(lines) + b"\r\n" + message.body


def _gone(one: HeaderField) -> bool:
    return one.name.lower().decode("latin-1") in _OUTSIDE_GONE


def _outer_value(one: HeaderField, outer_subject: str) -> bytes:
    return b" " + outer_subject.encode() if one.name.lower() == b"subject" else one.value


def _line(name: bytes, value: bytes) -> bytes:
    separator = b":" if value[:1] in (b" ", b"\t") else b": "
    return name + separator + _crlf(value) + b"\r\n"


def _crlf(value: bytes) -> bytes:
    return value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def pgp_body(armoured: bytes, boundary: str) -> tuple[str, bytes]:
    """Content-Type and body of a PGP/MIME message (RFC 3156, 4)."""
    mark = boundary.encode("ascii")
    text = armoured.replace(b"\r\n", b"\n").strip().replace(b"\n", b"\r\n")
    body = (
        b"This message is encrypted (OpenPGP).\r\n--" + mark + b"\r\nContent-Type: application/pgp-encrypted\r\n"
        b"Content-Description: PGP/MIME version identification\r\n\r\nVersion: 1\r\n\r\n--" + mark + b"\r\n"
        b'Content-Type: application/octet-stream; name="encrypted.asc"\r\n'
        b'Content-Disposition: inline; filename="encrypted.asc"\r\n\r\n' + text + b"\r\n\r\n--" + mark + b"--\r\n"
    )
    return f'multipart/encrypted; protocol="application/pgp-encrypted";\n boundary="{boundary}"', body


def smime_body(der: bytes) -> tuple[str, bytes]:
    """Content-Type and body of an S/MIME message (RFC 8551, 3.3), in base64."""
    return 'application/pkcs7-mime; smime-type="enveloped-data";\n name="smime.p7m"', base64.encodebytes(der).replace(b"\n", b"\r\n")


def outer(message: Message, content_type: str, body: bytes, outer_subject: str, encoded: bool) -> tuple[Change, ...]:
    """The changes that make the message that goes out. `encoded`: the body is base64."""
    changes: list[Change] = list(_dropped(message))
    changes += [ChangeField("Subject", index, outer_subject) for index in range(1, len(message.values("Subject")) + 1)]
    if not message.values("MIME-Version"):
        changes.append(AddField("MIME-Version", "1.0"))
    changes.append(AddField("Content-Type", content_type))
    if encoded:
        changes.append(AddField("Content-Transfer-Encoding", "base64"))
        changes.append(AddField("Content-Disposition", 'attachment; filename="smime.p7m"'))
    return (*changes, ReplaceBody(body))


def _dropped(message: Message) -> list[Change]:
    """Every Content field, and the fields that tell of the content; of each name the last first."""
    counts: dict[str, int] = {}
    for one in message.fields:
        name = one.name.lower().decode("latin-1")
        if name.startswith("content-") or name in _OUTSIDE_GONE:
            counts[name] = counts.get(name, 0) + 1
    return [DropField(name, index) for name, count in counts.items() for index in range(count, 0, -1)]
