"""What a probe is, what it found, and the transcript that shows it. Pure."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec

from hauberk.system.declaration import Zone


class Measure(StrEnum):
    """The ten measures of "Recommendations for securing an email server"."""

    M1 = "M1"
    M2 = "M2"
    M3 = "M3"
    M4 = "M4"
    M5 = "M5"
    M6 = "M6"
    M7 = "M7"
    M8 = "M8"
    M9 = "M9"
    M10 = "M10"


Vantage: TypeAlias = Zone
"""Where a probe stands: one of the four zones."""


class State(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing tried. `what` says in a sentence what a pass means; `source` where the threat or rule is written.

    `control` is the id of the probe that shows that the host serves at all: while that one does not pass, a refusal proves nothing.
    """

    id: str
    measure: Measure
    vantage: Vantage
    what: str
    source: str
    control: str = ""


class Speaker(StrEnum):
    CLIENT = "client"
    SERVER = "server"
    NOTE = "note"  # what happened besides octets: a connection, a handshake, a delivery


@dataclass(frozen=True, slots=True)
class Line:
    """`at` in milliseconds since the transcript began; octets outside ASCII are written as `\\xNN`; secrets are never in it."""

    at: int
    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that was sent and received by one probe. `began` in UTC."""

    probe: str
    began: datetime
    lines: tuple[Line, ...]


class Place(StrEnum):
    """Where a message may turn up: a mailbox of ours, the sink outside, or the queue of the MTA."""

    MAILBOX = "mailbox"
    SINK = "sink"
    QUEUE = "queue"


class Look(StrEnum):
    """What a message that has come is looked at for."""

    PRESENCE = "presence"
    DKIM = "dkim"  # a signature of our domain holds
    SEALED = "sealed"  # encrypted; opens with the recipient's key where that is given; nothing of the text in clear
    AUTHENTICATED = "authenticated"  # our MTA wrote Authentication-Results into it
    INNER_TLS = "inner-tls"  # our MDA received it from our MTA through TLS
    NO_TRACE = "no-trace"  # the submitter's address does not stand in the header


@dataclass(frozen=True, slots=True)
class Awaited:
    """A token that must, or must not, be found at `place`; the message carries it in the header field X-Hauberk-Token.

    `owner` is the address whose mailbox is meant. `otherwise` is the state when a token that must not come did not come.
    `secret` is text that must not be in clear in the message (`Look.SEALED`).
    """

    token: str
    place: Place
    owner: str
    arrives: bool
    look: Look = Look.PRESENCE
    otherwise: State = State.PASS
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe says when its own dialogue is over; `awaits` are still open."""

    state: State
    said: str
    awaits: tuple[Awaited, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """A probe that was run, before its deliveries are known."""

    probe: Probe
    finding: Finding
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Outcome:
    """`transcript` is the id of the transcript: SHA-256 of its canonical JSON."""

    probe: Probe
    state: State
    said: str
    at: datetime
    transcript: str = field(default="")


_encoder = msgspec.json.Encoder(order="sorted")


def transcript_id(transcript: Transcript) -> str:
    """`sha256:` and the hex digest of the canonical form (RFC 8785: sorted keys, no spaces; there are no fractions in it)."""
    return "sha256:" + hashlib.sha256(_encoder.encode(transcript)).hexdigest()


def passed(said: str, *awaits: Awaited) -> Finding:
    return Finding(State.PASS, said, awaits)


def failed(said: str, *awaits: Awaited) -> Finding:
    return Finding(State.FAIL, said, awaits)


def inconclusive(said: str, *awaits: Awaited) -> Finding:
    return Finding(State.INCONCLUSIVE, said, awaits)
