"""A message as it stands before the queue, and what may be decided about it."""

from dataclasses import dataclass, field
from typing import TypeAlias

from hauberk.system.gateway.milter import HeaderField


@dataclass(frozen=True, slots=True)
class Message:
    """Envelope, header fields and body (lines end in CRLF), with what the mail server said of the session.

    `sender` and `recipients` are without angle brackets; the null sender is empty. `login` is empty where nobody signed in.
    Values of header fields keep the white space after the colon; folded lines end in LF.
    """

    sender: str
    recipients: tuple[str, ...]
    fields: tuple[HeaderField, ...]
    body: bytes
    login: str = ""
    queue_id: str = ""
    client: str = ""

    def values(self, name: str) -> tuple[bytes, ...]:
        """The values of all fields of this name, case aside, without the white space around them."""
        wanted = name.lower().encode()
        return tuple(one.value.strip() for one in self.fields if one.name.lower() == wanted)

    def octets(self) -> bytes:
        """The whole message, with CRLF at the end of each line of the header."""
        head = b"".join(
            one.name + b":" + _spaced(one.value).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n" for one in self.fields
        )
        return head + b"\r\n" + self.body


def _spaced(value: bytes) -> bytes:
    return value if value[:1] in (b" ", b"\t", b"\n") or not value else b" " + value


@dataclass(frozen=True, slots=True)
class AddField:
    """A field at the end of the header; `value` without the white space after the colon."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ChangeField:
    """Another value for the `index`th field of this name (from 1)."""

    name: str
    index: int
    value: str


@dataclass(frozen=True, slots=True)
class DropField:
    """The `index`th field of this name (from 1) goes; drop the last ones first, since the others move up."""

    name: str
    index: int


@dataclass(frozen=True, slots=True)
class ReplaceBody:
    octets: bytes


Change: TypeAlias = AddField | ChangeField | DropField | ReplaceBody


@dataclass(frozen=True, slots=True)
class Pass:
    """Let it through, with these changes."""

    changes: tuple[Change, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Refuse:
    """Refuse it for good; the sender reads `reason`. `rule` is for the log and for statistics."""

    reason: str
    rule: str
    code: int = 550
    enhanced: str = "5.7.1"


@dataclass(frozen=True, slots=True)
class Defer:
    """Not now: the client keeps it and comes again."""

    reason: str
    rule: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Take it, but let a person decide whether it goes on (Postfix's hold queue)."""

    reason: str
    rule: str
    changes: tuple[Change, ...] = field(default=())


Decision: TypeAlias = Pass | Refuse | Defer | Hold
