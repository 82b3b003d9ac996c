"""Runs the migrations on the connection that `storage.migrate` hands over."""

from alembic import context

from storage import door_tables

context.configure(connection=context.config.attributes["connection"], target_metadata=door_tables.metadata)
with context.begin_transaction():
    context.run_migrations()
