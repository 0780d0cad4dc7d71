"""The parts of an OSCAL 1.1.2 assessment-results document that Hauberk writes, spelled as NIST's model spells them.

Empty lists are not allowed there, and strings of one line neither begin nor end with a space: `line` and `token` see to that.
"""

import re
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from hauberk.protocols.malformed import visible

VERSION = "1.1.2"
NAMESPACE = "https://hauberk.invalid/ns/oscal"  # names our properties; nothing is served there
_IDS = uuid5(NAMESPACE_URL, NAMESPACE)


class Part(msgspec.Struct, rename="kebab", omit_defaults=True, forbid_unknown_fields=True):
    """What is empty is left out."""


class Property(Part):
    name: str
    value: str
    ns: str = ""


class Hash(Part):
    algorithm: str
    value: str


class ResourceLink(Part):
    href: str
    media_type: str
    hashes: tuple[Hash, ...] = ()


class Resource(Part):
    uuid: UUID
    title: str
    description: str
    rlinks: tuple[ResourceLink, ...] = ()


class BackMatter(Part):
    resources: tuple[Resource, ...]


class Role(Part):
    id: str
    title: str


class Party(Part):
    uuid: UUID
    type: str
    name: str


class ResponsibleParty(Part):
    role_id: str
    party_uuids: tuple[UUID, ...]


class Metadata(Part):
    title: str
    last_modified: str
    version: str
    oscal_version: str
    props: tuple[Property, ...] = ()
    roles: tuple[Role, ...] = ()
    parties: tuple[Party, ...] = ()
    responsible_parties: tuple[ResponsibleParty, ...] = ()


class Href(Part):
    href: str
    remarks: str = ""


class State(Part):
    state: str


class Component(Part):
    uuid: UUID
    type: str
    title: str
    description: str
    status: State
    props: tuple[Property, ...] = ()


class InventoryItem(Part):
    uuid: UUID
    description: str
    props: tuple[Property, ...] = ()


class LocalDefinitions(Part):
    components: tuple[Component, ...]
    inventory_items: tuple[InventoryItem, ...]


class IncludeAll(Part):
    """All of them."""


class ControlSelection(Part):
    description: str
    include_all: IncludeAll | None = None


class Objective(Part):
    objective_id: str


class ObjectiveSelection(Part):
    description: str
    include_objectives: tuple[Objective, ...]


class ReviewedControls(Part):
    control_selections: tuple[ControlSelection, ...]
    control_objective_selections: tuple[ObjectiveSelection, ...] = ()


class Actor(Part):
    type: str
    actor_uuid: UUID


class Origin(Part):
    actors: tuple[Actor, ...]


class Subject(Part):
    subject_uuid: UUID
    type: str
    title: str


class Evidence(Part):
    description: str
    href: str


class Observation(Part):
    uuid: UUID
    title: str
    description: str
    methods: tuple[str, ...]
    collected: str
    expires: str
    props: tuple[Property, ...] = ()
    origins: tuple[Origin, ...] = ()
    subjects: tuple[Subject, ...] = ()
    relevant_evidence: tuple[Evidence, ...] = ()


class RelatedObservation(Part):
    observation_uuid: UUID


class RelatedRisk(Part):
    risk_uuid: UUID


class Status(Part):
    state: str
    reason: str
    remarks: str = ""


class Target(Part):
    type: str
    target_id: str
    status: Status
    title: str = ""


class Finding(Part):
    uuid: UUID
    title: str
    description: str
    target: Target
    origins: tuple[Origin, ...] = ()
    related_observations: tuple[RelatedObservation, ...] = ()
    related_risks: tuple[RelatedRisk, ...] = ()


class Response(Part):
    uuid: UUID
    lifecycle: str
    title: str
    description: str
    props: tuple[Property, ...] = ()


class Risk(Part):
    uuid: UUID
    title: str
    description: str
    statement: str
    status: str
    props: tuple[Property, ...] = ()
    origins: tuple[Origin, ...] = ()
    remediations: tuple[Response, ...] = ()
    related_observations: tuple[RelatedObservation, ...] = ()


class Result(Part):
    uuid: UUID
    title: str
    description: str
    start: str
    local_definitions: LocalDefinitions
    reviewed_controls: ReviewedControls
    end: str = ""
    props: tuple[Property, ...] = ()
    observations: tuple[Observation, ...] = ()
    risks: tuple[Risk, ...] = ()
    findings: tuple[Finding, ...] = ()


class AssessmentResults(Part):
    uuid: UUID
    metadata: Metadata
    import_ap: Href
    results: tuple[Result, ...]
    back_matter: BackMatter


class Document(Part):
    assessment_results: AssessmentResults


def identifier(*names: str) -> UUID:
    """The same UUID (version 5, RFC 9562) for the same names, in whichever program and year."""
    return uuid5(_IDS, "\n".join(visible(name) for name in names))


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def line(text: str) -> str:
    """One line without outer spaces; a dash for none."""
    return visible(text).strip() or "–"


def token(text: str) -> str:
    """A token: letters, digits, `.`, `-`, `_`, and neither a digit nor punctuation but `_` first."""
    clean = re.sub(r"[^A-Za-z0-9._-]", "_", text)
    return clean if re.match(r"[A-Za-z_]", clean) else f"_{clean}"


def prop(name: str, value: str) -> Property:
    """A property of ours."""
    return Property(name, line(value), NAMESPACE)
