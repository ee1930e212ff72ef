"""What Alembic runs: the steps, on the connection that ``database`` gives it."""

from alembic import context

from tablecast.log.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"], target_metadata=METADATA
)
with context.begin_transaction():
    context.run_migrations()
