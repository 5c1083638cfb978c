"""How Alembic runs the steps: on the connection that ``store.migrate`` hands it."""

from alembic import context

from earwitness.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
