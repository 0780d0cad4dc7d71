"""Tenants, domains, tapes, assessments, reports, attachments, exceptions and the chain of evidence."""

import sqlalchemy as sa
from alembic import op

from hauberk.store.migrations import guards

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(length=63), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rubric", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("logo_type", sa.String(length=80), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenants_slug")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "chain_heads",
        sa.Column("tenant_id", NUMBER, nullable=False),
        sa.Column("sequence", NUMBER, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_chain_heads_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_chain_heads")),
    )
    op.create_table(
        "chain_links",
        sa.Column("tenant_id", NUMBER, nullable=False),
        sa.Column("sequence", NUMBER, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", NUMBER, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("sequence > 0", name=op.f("ck_chain_links_counts_from_one")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_chain_links_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "sequence", name=op.f("pk_chain_links")),
    )
    op.create_index(op.f("ix_chain_links_tenant_id_kind_subject_id"), "chain_links", ["tenant_id", "kind", "subject_id"], unique=False)
    op.create_table(
        "domains",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("selectors", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_domains_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domains")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_domains_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_domains_tenant_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tapes",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant_id", NUMBER, nullable=False),
        sa.Column("evidence_id", sa.String(length=71), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_tapes_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tapes")),
        sa.UniqueConstraint("tenant_id", "evidence_id", name=op.f("uq_tapes_tenant_id_evidence_id")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_tapes_tenant_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "exceptions",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant_id", NUMBER, nullable=False),
        sa.Column("domain_id", NUMBER, nullable=False),
        sa.Column("check", sa.String(length=120), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approver", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=False),
        sa.CheckConstraint("expires_at > granted_at", name=op.f("ck_exceptions_expires_later")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "domain_id"], ["domains.tenant_id", "domains.id"], name=op.f("fk_exceptions_tenant_id_domain_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_exceptions_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exceptions")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_exceptions_tenant_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_exceptions_tenant_id_domain_id_id"), "exceptions", ["tenant_id", "domain_id", "id"], unique=False)
    op.create_table(
        "scans",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant_id", NUMBER, nullable=False),
        sa.Column("domain_id", NUMBER, nullable=False),
        sa.Column("tape_id", NUMBER, nullable=False),
        sa.Column("evidence_id", sa.String(length=71), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id", "domain_id"], ["domains.tenant_id", "domains.id"], name=op.f("fk_scans_tenant_id_domain_id")),
        sa.ForeignKeyConstraint(["tenant_id", "tape_id"], ["tapes.tenant_id", "tapes.id"], name=op.f("fk_scans_tenant_id_tape_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_scans_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scans")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_scans_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_scans_tenant_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_scans_tenant_id_domain_id_observed_at_id"), "scans", ["tenant_id", "domain_id", "observed_at", "id"], unique=False
    )
    op.create_table(
        "assessments",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant_id", NUMBER, nullable=False),
        sa.Column("scan_id", NUMBER, nullable=False),
        sa.Column("domain_id", NUMBER, nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("catalogue", sa.String(length=80), nullable=False),
        sa.Column("rubric", sa.String(length=80), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("grade", sa.String(length=8), nullable=False),
        sa.Column("band", sa.String(length=8), nullable=False),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("incomplete", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "domain_id"], ["domains.tenant_id", "domains.id"], name=op.f("fk_assessments_tenant_id_domain_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id", "scan_id"], ["scans.tenant_id", "scans.id"], name=op.f("fk_assessments_tenant_id_scan_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_assessments_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_assessments_tenant_id_id")),
        sa.UniqueConstraint("tenant_id", "scan_id", "sha256", name=op.f("uq_assessments_tenant_id_scan_id_sha256")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_assessments_tenant_id_domain_id_observed_at_id"),
        "assessments",
        ["tenant_id", "domain_id", "observed_at", "id"],
        unique=False,
    )
    op.create_table(
        "attachments",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant_id", NUMBER, nullable=False),
        sa.Column("domain_id", NUMBER, nullable=False),
        sa.Column("scan_id", NUMBER, nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=120), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "domain_id"], ["domains.tenant_id", "domains.id"], name=op.f("fk_attachments_tenant_id_domain_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id", "scan_id"], ["scans.tenant_id", "scans.id"], name=op.f("fk_attachments_tenant_id_scan_id")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_attachments_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_attachments_tenant_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_attachments_tenant_id_domain_id_id"), "attachments", ["tenant_id", "domain_id", "id"], unique=False)
    op.create_table(
        "reports",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("tenant_id", NUMBER, nullable=False),
        sa.Column("domain_id", NUMBER, nullable=False),
        sa.Column("assessment_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("format", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assessment_id"], ["assessments.tenant_id", "assessments.id"], name=op.f("fk_reports_tenant_id_assessment_id")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "domain_id"], ["domains.tenant_id", "domains.id"], name=op.f("fk_reports_tenant_id_domain_id")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_reports_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_reports_tenant_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_reports_tenant_id_domain_id_id"), "reports", ["tenant_id", "domain_id", "id"], unique=False)
    _guard()


def _guard() -> None:
    guards.make_roles()
    for table in ("tapes", "scans", "assessments", "reports", "attachments", "chain_links"):
        guards.refuse_changes(table, key=("tenant_id", "sequence") if table == "chain_links" else ("id",))
        guards.isolate(table, may="SELECT, INSERT")
        guards.open_to_system(table)
    for table in ("domains", "exceptions", "chain_heads"):
        guards.isolate(table, may="SELECT, INSERT, UPDATE")
        guards.open_to_system(table)
    guards.isolate("tenants", tenant_column="id", may="SELECT, UPDATE")
    guards.open_to_system("tenants", may="SELECT, INSERT, UPDATE")
