"""One conversation with the mail server, without I/O: commands go in; what is to be sent comes out, or a whole message to decide about.

Memory is bounded: header, recipients and body of a message each have a limit, and all messages together a budget. A message over a limit
is not kept any longer, and its verdict is fixed before it ends.
"""

from dataclasses import dataclass, field
from typing import Final

from hauberk.system.gateway import milter
from hauberk.system.gateway.config import Limits
from hauberk.system.gateway.message import (
    AddField,
    Change,
    ChangeField,
    Decision,
    Defer,
    DropField,
    Hold,
    Message,
    Pass,
    Refuse,
    ReplaceBody,
)
from hauberk.system.gateway.milter import Actions, Command, Garbled, HeaderField, Steps

_WANTED: Final = Actions.ADD_HEADERS | Actions.CHANGE_BODY | Actions.CHANGE_HEADERS | Actions.QUARANTINE
_LEFT_OUT: Final = (
    Steps.NO_HELO
    | Steps.NO_UNKNOWN
    | Steps.NO_REPLY_HEADER
    | Steps.NO_REPLY_CONNECT
    | Steps.NO_REPLY_DATA
    | Steps.NO_REPLY_END_OF_HEADERS
    | Steps.NO_REPLY_BODY
    | Steps.LEADING_SPACE
)


class Budget:
    """Octets that all messages together may hold."""

    def __init__(self, octets: int) -> None:
        self.left = octets

    def take(self, octets: int) -> bool:
        """Whether there was room."""
        if octets > self.left:
            return False
        self.left -= octets
        return True

    def give_back(self, octets: int) -> None:
        self.left += octets


@dataclass(slots=True)
class _Draft:
    """A message on its way in. `settled` is its verdict where that cannot change any more."""

    sender: str
    recipients: list[str] = field(default_factory=list[str])
    fields: list[HeaderField] = field(default_factory=list[HeaderField])
    header_octets: int = 0
    body: bytearray = field(default_factory=bytearray)
    held: int = 0
    settled: Decision | None = None


@dataclass(frozen=True, slots=True)
class Complete:
    """A whole message that waits for a verdict; `settled` where there is one."""

    message: Message
    settled: Decision | None


class Conversation:
    """The state of one conversation. `take` one command after the other; after `Complete`, send `answer` and go on."""

    def __init__(self, limits: Limits, budget: Budget) -> None:
        self._limits = limits
        self._budget = budget
        self._macros: dict[bytes, dict[str, str]] = {}
        self._client = ""
        self._draft: _Draft | None = None
        self._negotiated: Steps | None = None
        self.over = False

    def take(self, command: Command) -> bytes | Complete:
        """What to send for this command (perhaps nothing), or the complete message. Raises `Garbled` for what comes out of turn."""
        if self._negotiated is None and not isinstance(command, milter.Negotiate):
            raise Garbled(f"{type(command).__name__} before the negotiation")
        match command:
            case milter.Negotiate():
                return self._negotiate(command)
            case milter.Macros(stage, pairs):
                self._macros[stage] = dict(pairs)
                return b""
            case milter.Connect(_, address):
                self._client = address
                return self._unless(Steps.NO_REPLY_CONNECT)
            case milter.MailFrom(path, _):
                self._begin(path)
                return milter.CONTINUE
            case milter.RcptTo(path, _):
                self._add_recipient(path)
                return milter.CONTINUE
            case HeaderField():
                self._add_field(command)
                return self._unless(Steps.NO_REPLY_HEADER)
            case milter.BodyChunk(octets):
                self._add_body(octets)
                return self._unless(Steps.NO_REPLY_BODY)
            case milter.EndOfMessage(octets):
                self._add_body(octets)
                return self._complete()
            case milter.Abort():
                self.drop()
                return b""
            case milter.NewConnection():
                self.drop()
                self._macros.clear()
                self._client = ""
                return b""
            case milter.Quit():
                self.drop()
                self.over = True
                return b""
            case milter.Other(kind):
                return self._unless({b"T": Steps.NO_REPLY_DATA, b"N": Steps.NO_REPLY_END_OF_HEADERS}.get(kind, Steps(0)))

    def answer(self, decision: Decision) -> bytes:
        """The packets of a verdict; the message is forgotten."""
        spaced = self._negotiated is not None and Steps.LEADING_SPACE in self._negotiated
        self.drop()
        match decision:
            case Pass(changes):
                return _changed(changes, spaced) + milter.ACCEPT
            case Hold(reason, _, changes):
                return _changed(changes, spaced) + milter.quarantine(reason) + milter.ACCEPT
            case Refuse(reason, _, code, enhanced):
                return milter.reply(code, enhanced, reason)
            case Defer(reason, _):
                return milter.reply(451, "4.7.1", reason)

    def drop(self) -> None:
        """Forget the message that is under way, and give its room back."""
        if self._draft is not None:
            self._budget.give_back(self._draft.held)
            self._draft = None
        for stage in set(self._macros) - {b"C", b"H"}:
            del self._macros[stage]

    def _negotiate(self, offer: milter.Negotiate) -> bytes:
        if offer.version < milter.OLDEST:
            raise Garbled(f"the mail server speaks version {offer.version} of the milter protocol")
        missing = _WANTED & ~offer.actions
        if missing:
            raise Garbled(f"the mail server does not allow {missing.name}")
        self._negotiated = Steps(offer.steps & _LEFT_OUT)
        return milter.negotiated(min(milter.VERSION, offer.version), _WANTED, self._negotiated)

    def _unless(self, step: Steps) -> bytes:
        return b"" if self._negotiated is not None and step and step in self._negotiated else milter.CONTINUE

    def _begin(self, path: str) -> None:
        kept = self._macros.get(b"M")
        self.drop()
        if kept is not None:
            self._macros[b"M"] = kept
        self._draft = _Draft(_bare(path))

    def _current(self) -> _Draft:
        if self._draft is None:
            raise Garbled("a part of a message before MAIL")
        return self._draft

    def _add_recipient(self, path: str) -> None:
        draft = self._current()
        if len(draft.recipients) >= self._limits.recipients:
            draft.settled = draft.settled or Defer(f"more than {self._limits.recipients} recipients: send it in parts", "recipients")
        elif self._hold(draft, len(path)):
            draft.recipients.append(_bare(path))

    def _add_field(self, one: HeaderField) -> None:
        draft, limits = self._current(), self._limits
        octets = len(one.name) + len(one.value) + 2
        if len(draft.fields) >= limits.header_fields or draft.header_octets + octets > limits.header_octets:
            draft.settled = draft.settled or Refuse("the message header is too long", "header", 552, "5.3.4")
            return
        if self._hold(draft, octets):
            draft.header_octets += octets
            draft.fields.append(one)

    def _add_body(self, octets: bytes) -> None:
        draft = self._current()
        if draft.settled is not None:
            return
        most = self._limits.message_octets
        if draft.header_octets + len(draft.body) + len(octets) > most:
            draft.settled = Refuse(f"the message has more than {most:,} octets", "size", 552, "5.3.4")
        elif self._hold(draft, len(octets)):
            draft.body += octets
            return
        self._empty(draft)

    def _hold(self, draft: _Draft, octets: int) -> bool:
        if self._budget.take(octets):
            draft.held += octets
            return True
        draft.settled = draft.settled or Defer("the content gateway is busy, try again later", "busy")
        return False

    def _empty(self, draft: _Draft) -> None:
        """What is settled already need not lie here until the message ends."""
        self._budget.give_back(len(draft.body))
        draft.held -= len(draft.body)
        draft.body = bytearray()

    def _complete(self) -> Complete:
        draft = self._current()
        known: dict[str, str] = {}
        for values in self._macros.values():
            known |= values
        login, queue_id = known.get("{auth_authen}", ""), known.get("i", "")
        message = Message(draft.sender, tuple(draft.recipients), tuple(draft.fields), bytes(draft.body), login, queue_id, self._client)
        return Complete(message, draft.settled)


def _bare(path: str) -> str:
    return path[1:-1] if path.startswith("<") and path.endswith(">") else path


def _changed(changes: tuple[Change, ...], spaced: bool) -> bytes:
    """The packets of changes. `spaced`: a value has to bring the white space after the colon along."""
    packets: list[bytes] = []
    for change in changes:
        match change:
            case AddField(name, value):
                packets.append(milter.add_header(name, _value(value, spaced)))
            case ChangeField(name, index, value):
                packets.append(milter.change_header(name, index, _value(value, spaced)))
            case DropField(name, index):
                packets.append(milter.change_header(name, index, b""))
            case ReplaceBody(octets):
                packets += milter.replace_body(octets)
    return b"".join(packets)


def _value(value: str, spaced: bool) -> bytes:
    """A value has no line end that is not a fold, and no zero octet: else it would begin a field, or a packet, of its own."""
    if "\0" in value or "\r" in value or any(line[:1] not in (" ", "\t") for line in value.split("\n")[1:]):
        raise ValueError(f"not the value of a header field: {value!r}")
    return (" " + value if spaced else value).encode("utf-8", "surrogateescape")
