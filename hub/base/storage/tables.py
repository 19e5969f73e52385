"""The table of the received pieces of unfinished uploads in the media store."""

from sqlalchemy import BigInteger, Column, Connection, Index, Table, Text, Uuid, select

from hub.base.db.columns import metadata, moment

# Of hubs over PostgreSQL with a bucket; empty for others.
upload_pieces = Table(
    "upload_pieces",
    metadata,
    Column("kind", Text, primary_key=True),  # parts, given, bundles
    Column("owner", Uuid, primary_key=True),  # of nodes, household_requests or people
    Column("name", Text, primary_key=True),  # as that of a partial file
    Column("start_bytes", BigInteger, primary_key=True, autoincrement=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),  # of the file in the media store
    *moment("came"),
    Index("ix_upload_pieces_sha256", "sha256"),
)


def is_piece(conn: Connection, sha256: str) -> bool:
    """Whether this file is a piece of an unfinished upload."""
    query = select(upload_pieces.c.sha256).where(upload_pieces.c.sha256 == sha256)
    return conn.scalar(query.limit(1)) is not None
