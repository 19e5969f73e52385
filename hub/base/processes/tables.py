"""Tables that the processes of a hub share to coordinate."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from hub.base.db.columns import metadata

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    # The process that holds it (`Database.process`); empty: given back.
    Column("holder", Text, nullable=False),
    # Grows with each new holder.
    Column("term", BigInteger, nullable=False),
    # Grows with each sign of life of the holder; a shard's stays 0.
    Column("beats", BigInteger, nullable=False),
)

# One row, of hubs over PostgreSQL.
hub_clock = Table(
    "hub_clock",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # The clock of the database server minus the hub's time.
    Column("untaken_us", BigInteger, nullable=False),
    # Steps of that clock that were taken.
    Column("steps", BigInteger, nullable=False),
)
