"""Alembic's revisions of the database, run by `hauberk.store.migration.migrate`."""
