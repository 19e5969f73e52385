"""Results of a sighting search."""

from dataclasses import dataclass

from hub.search.scope import NearestCamera
from hub.search.sighting_rows import FoundSighting


@dataclass(frozen=True, slots=True)
class SightingsPage:
    """One page of results; see `FoundSightings` for fields not described here."""

    hits: list[FoundSighting]
    count: int
    is_more: bool
    looked_from_utc_us: int
    cameras: int
    nearest: NearestCamera | None
    unaimed: int
    unplaced: int
