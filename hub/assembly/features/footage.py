"""Footage: uploads of nodes, playback, and requests for clips and spans."""

from typing import Final

from hub.store.footage_tables import (
    growing_clips,
    growing_sightings,
    media,
    media_sightings,
    span_wishes,
    wishes,
)
from hub.store.table_notes import Mark
from hub.web import clips, films, tus
from hub.web.feature import Feature
from hub.web.limits import Rate

FEATURE: Final = Feature(
    name="footage",
    routers=(clips.router, films.router, tus.router),
    tables=(media, media_sightings, growing_clips, growing_sightings, span_wishes, wishes),
    marks=(
        Mark(media, ("asked",), is_repeated=True),
        Mark(span_wishes, ("sent",), is_repeated=True),
        Mark(wishes, ("sent",), is_repeated=True),
    ),
    acts=clips.acts,
    # Nodes send as fast as their line; their tokens are checked.
    rates=(Rate(r"[A-Z]+", r"/upload(/.*)?", None),),
)
