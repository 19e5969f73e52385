"""All tables of the hub, for backups and for the comparison with the migrated database."""

from typing import Final

from hub.app.features import FEATURES
from hub.base.db.columns import metadata
from hub.base.db.table_notes import Tables

__all__ = ["TABLES", "metadata"]

TABLES: Final[Tables] = tuple(table for feature in FEATURES for table in feature.tables)
