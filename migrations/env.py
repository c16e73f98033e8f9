"""How Alembic reaches the database: on the connection that `sikka.journal.migrate` hands it."""

from __future__ import annotations

from alembic import context

from sikka.journal.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    compare_type=True,
    # SQLite changes most things by copying the table.
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=False,
)
context.run_migrations()
