"""Who needs stored files that no row of `media` names."""

from typing import Final

from hub.store import household_rows, program_rows
from hub.store.remover import BlobOwner

BLOB_OWNERS: Final[tuple[BlobOwner, ...]] = (household_rows.is_needed, program_rows.is_bundle)
