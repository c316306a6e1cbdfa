"""Alembic's entry: runs on the connection (and in the transaction) that `storage/migrate.py` hands over."""

from alembic import context

from earmark.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds all migrations together
    render_as_batch=False,
)
context.run_migrations()
