"""Runs migrations on the connection that `hub.base.db.schema.migrate` hands over."""

from alembic import context

from hub.base.db.columns import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite rolls back CREATE TABLE too; Alembic would otherwise commit in between.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
