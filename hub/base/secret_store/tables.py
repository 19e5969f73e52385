"""The table of sealed keys."""

from sqlalchemy import Column, LargeBinary, Table, Text

from hub.base.db.columns import metadata

# Of hubs over PostgreSQL that run on several machines; empty for others.
sealed_secrets = Table(
    "sealed_secrets",
    metadata,
    # The name of the file that it would be, without a folder.
    Column("name", Text, primary_key=True),
    # Nonce of 12 bytes, then AES-256-GCM by the master key, bound to the name.
    Column("sealed", LargeBinary, nullable=False),
)
"""Never in plain text; the master key is in no database, bucket or backup."""
