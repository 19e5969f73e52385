"""The joins of footage to the scope of a person."""

from sqlalchemy import ColumnElement, Subquery, and_

from hub.access.scope import recorded
from hub.footage.tables import growing_clips, media


def seen_media(scope: Subquery) -> ColumnElement[bool]:
    """Join condition of media and `visible_cameras`: same camera, recorded within the grant's
    reach."""
    return and_(
        media.c.camera_id == scope.c.camera_id,
        recorded(media.c.first_frame_utc_us, media.c.first_frame_error_ms, media.c.announced_utc_us)
        >= scope.c.from_utc_us,
    )


def seen_growing(scope: Subquery) -> ColumnElement[bool]:
    """Join condition of clips in recording and `visible_cameras`: same camera, recorded within the
    grant's reach."""
    clip = growing_clips.c
    at = recorded(clip.first_frame_utc_us, clip.first_frame_error_ms, clip.begun_utc_us)
    return and_(clip.camera_id == scope.c.camera_id, at >= scope.c.from_utc_us)
