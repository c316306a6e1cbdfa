"""Alembic's entry point; uses the connection and transaction of `storage/migrate.py`."""

from alembic import context

from earmark.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction holds all migrations together
    render_as_batch=False,
)
context.run_migrations()
