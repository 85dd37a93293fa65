"""Run migrations over the connection that `store.db` hands in."""

from alembic import context

from gateway.store import call_tables  # noqa: F401 - it declares its tables
from gateway.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
