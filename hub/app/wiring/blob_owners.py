"""Who needs stored files that no row of `media` names."""

from typing import Final

from hub.footage.retention.remover import BlobOwner
from hub.nodes.desired_state import release_rows
from hub.places.map.tables import is_ground
from hub.public.households import rows

BLOB_OWNERS: Final[tuple[BlobOwner, ...]] = (rows.is_needed, release_rows.is_bundle, is_ground)
