"""What a report says, as a tree of plain words: the template only sets it, and decides nothing.

Every `str` is text for people, in English, as it was written or observed; `hauberk.report.pdf` makes it fit for the page.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """A state in a word; `state` is one of pass, warn, fail, info, unknown, none, and gives it its symbol and colour."""

    state: str
    word: str


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Header:
    """`domain` as people read it, `a_label` only where that differs; the times are UTC, in words; `seconds` is the scan time as Unix time.

    `title` and `description` are the document's metadata, `footer` stands on every page; `length` is that of the company's name. `key` is
    the fingerprint of the key that signs the report, empty where none does.
    """

    title: str
    description: str
    footer: str
    company: str
    length: int
    domain: str
    a_label: str
    scanned_at: str
    fresh_until: str
    evidence_id: str
    program: str
    seconds: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class GroupShare:
    """One group of the rubric: points earned of those that counted, and their share, 0-1."""

    name: str
    earned: str
    weight: str
    share: float


@dataclass(frozen=True, slots=True)
class ScorePart:
    """`points` 0-100 for the gauge, `shown` the same in digits; `account` says how the sum came about, one sentence an item."""

    points: float
    shown: str
    grade: str
    mark: Mark
    headline: str
    rubric: str
    coverage: str
    account: tuple[str, ...]
    groups: tuple[GroupShare, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """A failed check: `limits` says what ceiling it puts on the score, or nothing."""

    title: str
    message: str
    limits: str


@dataclass(frozen=True, slots=True)
class SummaryLine:
    name: str
    mark: Mark
    sentence: str


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """`weakness` is the worst of TLS that the server accepts besides, in a few words, or empty."""

    host: str
    address: str
    reached: Mark
    starttls: Mark
    version: str
    suite: str
    group: str
    certificate: Mark
    weakness: str = ""


@dataclass(frozen=True, slots=True)
class TlsDetail:
    """What was found out about the TLS of some endpoints that are alike, fact by fact."""

    endpoints: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class CertificateRow:
    subject: str
    names: str
    issuer: str
    valid_from: str
    valid_until: str
    left: Mark
    key: str
    seen_at: str


@dataclass(frozen=True, slots=True)
class Fix:
    """One step of the fix plan; `publish`, `remove` and `settings` are text to copy."""

    what: str
    title: str
    mark: Mark
    gain: str
    after: str
    publish: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FindingPart:
    """Findings of one check that say the same, about all `subjects`."""

    subjects: str
    mark: Mark
    message: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckPart:
    id: str
    title: str
    mark: Mark
    sources: str
    findings: tuple[FindingPart, ...]


@dataclass(frozen=True, slots=True)
class Area:
    name: str
    checks: tuple[CheckPart, ...]


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything on the pages, in their order; `logo` is the organisation's (PNG, see `hauberk.report.logo`), which stands at the head.

    Of a domain that does not exist (`exists` is false) there is a headline and how it was looked for, and nothing else.
    """

    header: Header
    score: ScorePart
    flags: tuple[Flag, ...]
    flags_note: str
    lines: tuple[SummaryLine, ...]
    fixes: tuple[Fix, ...]
    fixes_note: str
    endpoints: tuple[EndpointRow, ...]
    endpoints_note: str
    certificates: tuple[CertificateRow, ...]
    method: tuple[Fact, ...]
    untested: tuple[str, ...]
    statement: tuple[str, ...]
    areas: tuple[Area, ...]
    tls: tuple[TlsDetail, ...] = ()
    logo: bytes = b""
    exists: bool = True
