"""All tables of the hub, for backups and for the comparison with the migrated database."""

from typing import Final

from hub.assembly.features import FEATURES
from hub.store.table_notes import Tables
from hub.store.tables import metadata

__all__ = ["TABLES", "metadata"]

TABLES: Final[Tables] = tuple(table for feature in FEATURES for table in feature.tables)
