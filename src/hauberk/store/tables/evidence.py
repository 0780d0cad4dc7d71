"""Tables of what is kept as evidence. Tapes, scans, assessments, reports, attachments and chain links are never changed or deleted."""

from sqlalchemy import Boolean, CheckConstraint, Column, Float, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from hauberk.store.columns import METADATA, Instant, Number, of_tenant, row_id, tenant_id

tenants = Table(
    "tenants",
    METADATA,
    row_id(),
    Column("slug", String(63), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("rubric", String(80), nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    Column("logo_type", String(80), nullable=False, default=""),
    Column("logo", LargeBinary),
    Column("scan_every", Integer),
    sqlite_autoincrement=True,
)

domains = Table(
    "domains",
    METADATA,
    row_id(),
    tenant_id(),
    Column("name", String(253), nullable=False),
    Column("note", Text, nullable=False, default=""),
    Column("own", Boolean, nullable=False, default=False),
    Column("selectors", Text, nullable=False, default=""),
    Column("added_at", Instant, nullable=False),
    Column("removed_at", Instant),
    UniqueConstraint("tenant_id", "name"),
    UniqueConstraint("tenant_id", "id"),
    sqlite_autoincrement=True,
)

tapes = Table(
    "tapes",
    METADATA,
    row_id(),
    tenant_id(),
    Column("evidence_id", String(71), nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "evidence_id"),
    UniqueConstraint("tenant_id", "id"),
    sqlite_autoincrement=True,
)

scans = Table(
    "scans",
    METADATA,
    row_id(),
    tenant_id(),
    Column("domain_id", Number, nullable=False),
    Column("tape_id", Number, nullable=False),
    Column("evidence_id", String(71), nullable=False),
    Column("key", String(200), nullable=False),
    Column("observed_at", Instant, nullable=False),
    Column("stored_at", Instant, nullable=False),
    Column("finished", Boolean, nullable=False),
    UniqueConstraint("tenant_id", "key"),
    UniqueConstraint("tenant_id", "id"),
    of_tenant("domain_id", "domains"),
    of_tenant("tape_id", "tapes"),
    Index(None, "tenant_id", "domain_id", "observed_at", "id"),
    sqlite_autoincrement=True,
)

assessments = Table(
    "assessments",
    METADATA,
    row_id(),
    tenant_id(),
    Column("scan_id", Number, nullable=False),
    Column("domain_id", Number, nullable=False),
    Column("observed_at", Instant, nullable=False),
    Column("assessed_at", Instant, nullable=False),
    Column("catalogue", String(80), nullable=False),
    Column("rubric", String(80), nullable=False),
    Column("points", Float, nullable=False),
    Column("grade", String(8), nullable=False),
    Column("band", String(8), nullable=False),
    Column("coverage", Float, nullable=False),
    Column("incomplete", Boolean, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "scan_id", "sha256"),
    UniqueConstraint("tenant_id", "id"),
    of_tenant("scan_id", "scans"),
    of_tenant("domain_id", "domains"),
    Index(None, "tenant_id", "domain_id", "observed_at", "id"),
    sqlite_autoincrement=True,
)

reports = Table(
    "reports",
    METADATA,
    row_id(),
    tenant_id(),
    Column("domain_id", Number, nullable=False),
    Column("assessment_id", Number, nullable=False),
    Column("name", String(255), nullable=False),
    Column("format", String(16), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "id"),
    of_tenant("domain_id", "domains"),
    of_tenant("assessment_id", "assessments"),
    Index(None, "tenant_id", "domain_id", "id"),
    sqlite_autoincrement=True,
)

attachments = Table(
    "attachments",
    METADATA,
    row_id(),
    tenant_id(),
    Column("domain_id", Number, nullable=False),
    Column("scan_id", Number),
    Column("kind", String(40), nullable=False),
    Column("name", String(255), nullable=False),
    Column("media_type", String(120), nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "id"),
    of_tenant("domain_id", "domains"),
    of_tenant("scan_id", "scans"),
    Index(None, "tenant_id", "domain_id", "id"),
    sqlite_autoincrement=True,
)

exceptions = Table(
    "exceptions",
    METADATA,
    row_id(),
    tenant_id(),
    Column("domain_id", Number, nullable=False),
    Column("check", String(120), nullable=False),
    Column("subject", Text, nullable=False, default=""),
    Column("reason", Text, nullable=False),
    Column("approver", Text, nullable=False),
    Column("granted_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("revoked_by", Text, nullable=False, default=""),
    CheckConstraint("expires_at > granted_at", name="expires_later"),
    UniqueConstraint("tenant_id", "id"),
    of_tenant("domain_id", "domains"),
    Index(None, "tenant_id", "domain_id", "id"),
    sqlite_autoincrement=True,
)

chain_links = Table(
    "chain_links",
    METADATA,
    tenant_id(primary_key=True),
    Column("sequence", Number, primary_key=True, autoincrement=False),
    Column("kind", String(40), nullable=False),
    Column("subject_id", Number, nullable=False),
    Column("at", Instant, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("record", LargeBinary, nullable=False),
    CheckConstraint("sequence > 0", name="counts_from_one"),
    Index(None, "tenant_id", "kind", "subject_id"),
)

chain_heads = Table(
    "chain_heads",
    METADATA,
    tenant_id(primary_key=True),
    Column("sequence", Number, nullable=False),
    Column("digest", String(64), nullable=False),
)

TABLES = (tenants, domains, tapes, scans, assessments, reports, attachments, exceptions, chain_links, chain_heads)
IMMUTABLE = (tapes, scans, assessments, reports, attachments, chain_links)
