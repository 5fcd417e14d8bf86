"""What Alembic runs for each command: one set's migrations, on the connection that `upgrade` opened."""

from alembic import context

attributes = context.config.attributes
context.configure(connection=attributes["connection"], version_table=attributes["version_table"])
with context.begin_transaction():
    context.run_migrations()
