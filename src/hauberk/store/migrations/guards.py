"""What the database itself refuses: changing evidence, and one tenant seeing another's rows.

Revisions use these functions, so their output must stay as it is: a new kind of guard is a new function.

On PostgreSQL nobody works as the owner of the tables. A session of one tenant takes the role `hauberk_tenant` and sets
`hauberk.tenant`; row-level security, forced for the owner too, shows and takes that tenant's rows only. What concerns the
installation as a whole (signing in, finding due jobs, backup) takes `hauberk_system`, which reads everything but has no right to change
what is evidence.
"""

from alembic import op

TENANT_ROLE = "hauberk_tenant"
SYSTEM_ROLE = "hauberk_system"
_CURRENT = "NULLIF(current_setting('hauberk.tenant', true), '')::bigint"


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def make_roles() -> None:
    """Both roles, without a login; whoever migrates becomes a member. Roles belong to the whole cluster, so they may be there."""
    if not _is_postgresql():
        return
    for role in (TENANT_ROLE, SYSTEM_ROLE):
        op.execute(f"""
            DO $$ BEGIN
                IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
                    CREATE ROLE {role} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOINHERIT;
                END IF;
                IF NOT pg_has_role(current_user, '{role}', 'MEMBER') THEN
                    EXECUTE format('GRANT {role} TO %I', current_user);
                END IF;
                EXECUTE format('GRANT USAGE ON SCHEMA %I TO {role}', current_schema());
            END $$""")


def refuse_changes(table: str, *, key: tuple[str, ...] = ("id",)) -> None:
    """No UPDATE, DELETE or TRUNCATE, whoever asks; an owner would have to take the trigger away first. `key` is the primary key."""
    if _is_postgresql():
        op.execute("""
            CREATE OR REPLACE FUNCTION hauberk_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is immutable', TG_TABLE_NAME USING ERRCODE = 'HB001';
            END $$""")
        op.execute(
            f"CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION hauberk_refuse_change()"
        )
        op.execute(f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION hauberk_refuse_change()")
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, '{table} is immutable'); END"
        )
    # REPLACE deletes without asking the trigger above, unless recursive triggers are on; an id that is yet to be given is -1 here.
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "  # noqa: S608 - names come from revisions, never from outside
        f"BEGIN SELECT RAISE(ABORT, '{table} is immutable'); END"
    )


def isolate(table: str, *, tenant_column: str = "tenant_id", may: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """Rows of the current tenant only; `may` is what a tenant's session may do with them."""
    if not _is_postgresql():
        return
    _force(table)
    op.execute(
        f"CREATE POLICY {table}_tenant ON {table} TO {TENANT_ROLE} "
        f"USING ({tenant_column} = {_CURRENT}) WITH CHECK ({tenant_column} = {_CURRENT})"
    )
    op.execute(f"GRANT {may} ON {table} TO {TENANT_ROLE}")
    _grant_sequence(table, TENANT_ROLE)


def show_members(table: str, shown: str) -> None:
    """Of the users, a tenant sees its members, and of them the columns `shown`."""
    if not _is_postgresql():
        return
    op.execute(
        f"CREATE POLICY {table}_tenant ON {table} FOR SELECT TO {TENANT_ROLE} "  # noqa: S608 - as above
        f"USING (EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = {table}.id AND m.tenant_id = {_CURRENT}))"
    )
    op.execute(f"GRANT SELECT ({shown}) ON {table} TO {TENANT_ROLE}")


def open_to_system(table: str, *, may: str = "SELECT") -> None:
    """What the installation itself may do with all rows of a table."""
    if not _is_postgresql():
        return
    _force(table)
    # The role itself, not whoever is a member of it and would inherit the policy: the owner of the tables is one.
    itself = f"current_user = '{SYSTEM_ROLE}'"
    op.execute(f"CREATE POLICY {table}_system ON {table} TO {SYSTEM_ROLE} USING ({itself}) WITH CHECK ({itself})")
    op.execute(f"GRANT {may} ON {table} TO {SYSTEM_ROLE}")
    if "INSERT" in may:
        _grant_sequence(table, SYSTEM_ROLE)


def _force(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")


def _grant_sequence(table: str, role: str) -> None:
    op.execute(f"""
        DO $$ DECLARE numbers text; BEGIN
            IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname = 'id' AND NOT attisdropped) THEN
                numbers := pg_get_serial_sequence('{table}', 'id');
                IF numbers IS NOT NULL THEN EXECUTE 'GRANT USAGE ON SEQUENCE ' || numbers || ' TO {role}'; END IF;
            END IF;
        END $$""")
