"""What Alembic runs for each command: the steps, on the connection that `dialogue.migrations` opened."""

from alembic import context

from dialogue.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
