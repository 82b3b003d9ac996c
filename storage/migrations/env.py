"""Runs the migrations on the connection that `storage.migrate` hands over."""

from alembic import context

from storage import door_tables, order_tables, roster_tables  # noqa: F401  they add their tables to the metadata
from storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
