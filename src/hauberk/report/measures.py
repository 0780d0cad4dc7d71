"""What the report "Mail server security measures" says, as a tree of plain words; `measures.typ` only sets it."""

from dataclasses import dataclass

from hauberk.report.content import Fact, Mark


@dataclass(frozen=True, slots=True)
class MeasuresHeader:
    """As `hauberk.report.content.Header`; `declaration` is the SHA-256 of what was declared, `seconds` the time of proving as Unix time."""

    title: str
    description: str
    footer: str
    company: str
    length: int
    domain: str
    proved_at: str
    fresh_until: str
    evidence_id: str
    program: str
    seconds: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """`how` and `where` say in a few words how it was proved and from where."""

    number: str
    title: str
    mark: Mark
    how: str
    where: str


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """What is not proved of a measure: failed, undecided, or not tried."""

    measure: str
    mark: Mark
    sentence: str


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One probe; `transcript` is the beginning of the transcript's id."""

    id: str
    mark: Mark
    what: str
    said: str
    where: str
    at: str
    source: str
    transcript: str


@dataclass(frozen=True, slots=True)
class MeasurePart:
    number: str
    title: str
    probes: tuple[ProbeRow, ...]


@dataclass(frozen=True, slots=True)
class TwinRow:
    """A deliberately broken setting and the probes that noticed it."""

    what: str
    mark: Mark
    caught_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeasuresContent:
    """Everything on the pages, in their order; `logo` as in `hauberk.report.content.ReportContent`."""

    header: MeasuresHeader
    mark: Mark
    headline: str
    proved: str
    rows: tuple[MeasureRow, ...]
    open_points: tuple[OpenPoint, ...]
    open_note: str
    twins: tuple[TwinRow, ...]
    twins_note: str
    method: tuple[Fact, ...]
    statement: tuple[str, ...]
    parts: tuple[MeasurePart, ...]
    logo: bytes = b""
