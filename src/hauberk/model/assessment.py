"""One domain judged and scored: what the report, the JSON and the store hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta

from hauberk.model.score import Score
from hauberk.model.transport import Endpoint
from hauberk.model.verdict import CheckVerdict, Verdict


@dataclass(frozen=True, slots=True)
class Remedy:
    """How to mend one finding: DNS records to publish (`name TYPE data` in presentation format) or settings to make.

    `replaces` lists `name TYPE` sets that the records take the place of; an empty `records` with `replaces` means removal.
    """

    check: str
    what: str
    records: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FixStep:
    """A remedy with what it brings: points if this alone, and points and grade if it and all before it, were done.

    `remove` and `publish` are the records (`name. TYPE data`) that the step takes away and adds, given all steps before it; what stays
    is in neither. `assumed` is true when the gain was not computed from records but by taking the check as passed (a server setting).
    """

    remedy: Remedy
    verdict: Verdict
    gain: float
    points_after: float
    grade_after: str
    assumed: bool = False
    remove: tuple[str, ...] = ()
    publish: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TlsChoice:
    """One thing that an endpoint accepts under a version of TLS, with its grade (`good` ... `insufficient`) and what is wrong with it."""

    version: str
    name: str
    grade: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class TlsChain:
    """A certificate chain: the kind and size of the leaf's key in words, and the SHA-256 (hex) of each certificate, leaf first."""

    key: str
    certificates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EndpointTls:
    """What the TLS probe found out about one endpoint, compact; None where something was not found out.

    `partial` says why the probe ended early, and is empty when it is complete; `connections` is how many it took. `listed` says that
    suites, groups and signatures are all that are accepted; else they are those that were seen.
    """

    endpoint: Endpoint
    depth: str
    partial: str
    connections: int
    listed: bool = False
    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    suites: tuple[TlsChoice, ...] = ()
    groups: tuple[TlsChoice, ...] = ()
    finite_fields: tuple[TlsChoice, ...] = ()
    signatures: tuple[TlsChoice, ...] = ()
    chains: tuple[TlsChain, ...] = ()
    server_preference: bool | None = None
    post_quantum: bool | None = None
    compression: bool | None = None
    secure_renegotiation: bool | None = None
    client_renegotiation: bool | None = None
    extended_master_secret: bool | None = None
    encrypt_then_mac: bool | None = None
    fallback_protected: bool | None = None
    heartbeat: bool | None = None
    early_data: bool | None = None
    ocsp_stapling: bool | None = None
    resumption: bool | None = None
    without_name: bool | None = None
    unknown_name: bool | None = None
    name_matters: bool | None = None
    client_certificate: bool | None = None
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """`observation` is the evidence id of the tape that was judged; `endpoints` those whose TLS was probed."""

    domain: str
    observed_at: Annotated[datetime, Meta(tz=True)]
    observation: str
    catalogue: str
    rubric: str
    score: Score
    verdicts: tuple[CheckVerdict, ...]
    fix_plan: tuple[FixStep, ...] = ()
    endpoints: tuple[EndpointTls, ...] = ()
