"""Tables of who may do what: users of the installation, their memberships of tenants, sessions, tokens and share links.

Secrets (session, token, share, invitation) are kept as SHA-256 digests only; passwords as argon2 hashes, made by the caller.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, Text, UniqueConstraint

from hauberk.store.columns import METADATA, Instant, Number, of_tenant, row_id, tenant_id


def _user_id(*, primary_key: bool = False) -> Column[int]:
    return Column("user_id", Number, ForeignKey("users.id"), nullable=False, primary_key=primary_key)


users = Table(
    "users",
    METADATA,
    row_id(),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False, default=""),
    Column("created_at", Instant, nullable=False),
    Column("disabled_at", Instant),
    Column("disabled_by", Text),
    sqlite_autoincrement=True,
)

memberships = Table(
    "memberships",
    METADATA,
    tenant_id(primary_key=True),
    _user_id(primary_key=True),
    Column("role", String(20), nullable=False),
    Column("since", Instant, nullable=False),
    Index(None, "user_id"),
)

invitations = Table(
    "invitations",
    METADATA,
    row_id(),
    tenant_id(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("email", String(254), nullable=False),
    Column("role", String(20), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    UniqueConstraint("tenant_id", "id"),
    sqlite_autoincrement=True,
)

passkeys = Table(
    "passkeys",
    METADATA,
    row_id(),
    _user_id(),
    Column("credential_id", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", Number, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index(None, "user_id"),
    sqlite_autoincrement=True,
)

identities = Table(
    "identities",
    METADATA,
    row_id(),
    _user_id(),
    Column("issuer", String(255), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("linked_at", Instant, nullable=False),
    UniqueConstraint("issuer", "subject"),
    Index(None, "user_id"),
    sqlite_autoincrement=True,
)

sessions = Table(
    "sessions",
    METADATA,
    Column("digest", String(64), primary_key=True),
    _user_id(),
    Column("tenant_id", Number, ForeignKey("tenants.id")),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

sign_in_failures = Table(
    "sign_in_failures",
    METADATA,
    row_id(),
    Column("key", String(320), nullable=False),
    Column("at", Instant, nullable=False),
    Index(None, "key", "at"),
    sqlite_autoincrement=True,
)

ceremonies = Table(
    "ceremonies",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("content", Text, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index(None, "expires_at"),
)

tokens = Table(
    "tokens",
    METADATA,
    row_id(),
    tenant_id(),
    Column("digest", String(64), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
    UniqueConstraint("tenant_id", "id"),
    sqlite_autoincrement=True,
)

shares = Table(
    "shares",
    METADATA,
    row_id(),
    tenant_id(),
    Column("domain_id", Number),
    Column("digest", String(64), nullable=False, unique=True),
    Column("label", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("whole_tenant", Boolean, nullable=False),
    UniqueConstraint("tenant_id", "id"),
    of_tenant("domain_id", "domains"),
    sqlite_autoincrement=True,
)

TABLES = (users, memberships, invitations, passkeys, identities, sessions, sign_in_failures, ceremonies, tokens, shares)
