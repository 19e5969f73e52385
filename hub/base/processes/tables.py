"""Tables of what the processes of a hub agree on."""

from sqlalchemy import BigInteger, Column, Table, Text

from hub.base.db.columns import metadata

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    # The process that holds it (`Database.process`); empty: given back.
    Column("holder", Text, nullable=False),
    # Grows with each new holder.
    Column("term", BigInteger, nullable=False),
    # Grows with each sign of life of the holder.
    Column("beats", BigInteger, nullable=False),
)
