"""Tables of what is to be done and who is to be told: jobs, schedules, channels, alerts, deliveries, silences; and milestones."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from hauberk.store.columns import METADATA, Instant, Number, of_tenant, row_id, tenant_id

jobs = Table(
    "jobs",
    METADATA,
    row_id(),
    tenant_id(),
    Column("kind", String(40), nullable=False),
    Column("key", String(200), nullable=False),
    Column("state", String(12), nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    Column("due_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("worker", String(120), nullable=False, default=""),
    Column("lease_until", Instant),
    Column("finished_at", Instant),
    Column("progress", Text, nullable=False, default=""),
    Column("outcome", Text, nullable=False, default=""),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "key"),
    UniqueConstraint("tenant_id", "id"),
    Index(None, "state", "due_at"),
    sqlite_autoincrement=True,
)

schedules = Table(
    "schedules",
    METADATA,
    tenant_id(primary_key=True),
    Column("domain_id", Number, primary_key=True, autoincrement=False),
    Column("every", Integer, nullable=False),
    Column("next_due", Instant, nullable=False),
    of_tenant("domain_id", "domains"),
    Index(None, "next_due"),
)

channels = Table(
    "channels",
    METADATA,
    row_id(),
    tenant_id(),
    Column("kind", String(12), nullable=False),
    Column("target", Text, nullable=False),
    Column("secret", Text, nullable=False, default=""),
    Column("events", Text, nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    UniqueConstraint("tenant_id", "id"),
    sqlite_autoincrement=True,
)

alerts = Table(
    "alerts",
    METADATA,
    row_id(),
    tenant_id(),
    Column("domain_id", Number, nullable=False),
    Column("event", String(60), nullable=False),
    Column("fingerprint", String(200), nullable=False),
    Column("message", Text, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    UniqueConstraint("tenant_id", "fingerprint"),
    UniqueConstraint("tenant_id", "id"),
    of_tenant("domain_id", "domains"),
    Index(None, "tenant_id", "domain_id", "id"),
    sqlite_autoincrement=True,
)

deliveries = Table(
    "deliveries",
    METADATA,
    row_id(),
    tenant_id(),
    Column("alert_id", Number, nullable=False),
    Column("channel_id", Number, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("delivered_at", Instant),
    Column("last_error", Text, nullable=False, default=""),
    UniqueConstraint("tenant_id", "alert_id", "channel_id"),
    UniqueConstraint("tenant_id", "id"),
    of_tenant("alert_id", "alerts"),
    of_tenant("channel_id", "channels"),
    sqlite_autoincrement=True,
)

silences = Table(
    "silences",
    METADATA,
    row_id(),
    tenant_id(),
    Column("domain_id", Number),
    Column("begins_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    UniqueConstraint("tenant_id", "id"),
    of_tenant("domain_id", "domains"),
    sqlite_autoincrement=True,
)

milestones = Table(
    "milestones",
    METADATA,
    row_id(),
    Column("name", String(40), nullable=False, unique=True),
    sqlite_autoincrement=True,
)

TABLES = (jobs, schedules, channels, alerts, deliveries, silences, milestones)
