"""What Alembic runs: the revisions, in the transaction that `migrate` has begun on the connection it hands over."""

from alembic import context
from sqlalchemy import Connection

from hauberk.store import tables
from hauberk.store.columns import METADATA

assert tables.evidence  # noqa: S101 - imported so that the metadata holds every table

connection = context.config.attributes["connection"]
if isinstance(connection, Connection):
    context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()
