"""Feature: footage, with uploads of nodes, playback, and requests for clips and spans."""

from typing import Final

from hub.base.db.table_notes import Mark
from hub.footage.playback import growing_pages
from hub.footage.playback import pages as playback_pages
from hub.footage.tables import (
    growing_clips,
    growing_sightings,
    media,
    media_sightings,
    span_wishes,
    wishes,
)
from hub.footage.upload import pages as upload_pages
from hub.web.feature import Feature
from hub.web.rate_limits import Rate

FEATURE: Final = Feature(
    name="footage",
    templates=("hub.footage.playback",),
    routers=(playback_pages.router, growing_pages.router, upload_pages.router),
    tables=(media, media_sightings, growing_clips, growing_sightings, span_wishes, wishes),
    marks=(
        Mark(media, ("asked",), is_repeated=True),
        Mark(span_wishes, ("sent",), is_repeated=True),
        Mark(wishes, ("sent",), is_repeated=True),
    ),
    acts=playback_pages.acts,
    details=playback_pages.details,
    # Nodes send as fast as their line; their tokens are checked.
    rates=(Rate(r"[A-Z]+", r"/upload(/.*)?", None),),
)
