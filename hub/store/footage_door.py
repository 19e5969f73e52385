"""Service for pictures and clips: one scope check and one audit line, as everywhere."""

import time
from typing import Final
from uuid import UUID

from hub.store import sights, wishes
from hub.store.door_base import DoorBase
from hub.store.growing import Film
from hub.store.proxies import read_copy
from hub.store.views import Asker, OpenMedia

STORING_LOOKS: Final = 20
STORING_LOOK_S: Final = 0.1
MEDIA_TYPES: Final = {"picture": "image/jpeg", "clip": "video/mp4", "sound": "audio/mp4"}


class FootageDoor(DoorBase):
    """Opens stored media for people; `hub.store.door` has all else."""

    def open_media(self, asker: Asker, media_id: UUID) -> OpenMedia | None:
        """A stored picture (needs SEE) or clip (needs CLIPS)."""
        with self._db.reading() as conn:
            row = sights.one_media(conn, asker.person_id, media_id, self._clock.now())
        is_here = row is not None and self._blobs.has(row.sha256)
        self._note(asker, "media.open" if is_here else "media.open.refused", "media", media_id)
        if row is None or not is_here:
            return None
        return OpenMedia(
            media_id=media_id,
            kind=row.kind,
            read=lambda start, length: self._blobs.read(row.sha256, start=start, length=length),
            media_type=MEDIA_TYPES[row.kind],
            size_bytes=row.size_bytes,
            sha256=row.sha256,
        )

    def watch_clip(self, asker: Asker, clip_id: UUID) -> Film | UUID | None:
        """A clip during its recording (needs CLIPS); the id of its file once that is stored."""
        may = self.may_watch(asker, clip_id)
        self._note(asker, "clip.watch" if may else "clip.watch.refused", "clip", clip_id)
        if not may or self._growing is None:
            return None
        for _ in range(STORING_LOOKS):
            clip = self._growing.find(clip_id)
            if clip is None:
                return None
            if clip.remains_id is not None:
                return clip.remains_id
            film = clip.media_id if clip.is_stored else self._growing.watch(clip_id)
            if film is not None or clip.media_id is None:
                return film
            time.sleep(STORING_LOOK_S)  # its last byte has come; it is being stored
        return None

    def may_watch(self, asker: Asker, clip_id: UUID) -> bool:
        """True while the person has the right; checked repeatedly during playback, logged only at
        the start."""
        with self._db.reading() as conn:
            return sights.may_watch(conn, asker.person_id, clip_id, self._clock.now())

    def ask_for_clip(self, asker: Asker, alert_id: UUID, media_id: UUID) -> bool:
        """Request an alert's clip that is still at its node (needs CLIPS); False without one. A
        repeated request changes nothing until the node has answered that the clip is gone."""
        now, who = self._clock.now(), asker.person_id
        with self._db.writing() as conn:
            may = sights.unbrought_clip(conn, who, media_id, alert_id=alert_id, now=now)
            is_new = may and wishes.wish(conn, media_id, person_id=who, now=now)
            act = "media.ask" if is_new else "media.ask.again" if may else "media.ask.refused"
            self._note_in(conn, asker, act, "media", media_id)
        if is_new:
            self._bell.ring()
        return may

    def open_copy(self, asker: Asker, media_id: UUID) -> OpenMedia | None:
        """A small H.264 copy of a clip, for browsers that cannot play the clip itself; blocks while
        it is made. None also if the clip itself is H.264.

        Raises BusyError, NoCopyError, BlobsError.
        """
        with self._db.reading() as conn:
            row = sights.one_media(conn, asker.person_id, media_id, self._clock.now())
        may_be = row is not None and row.kind == "clip" and row.codec != "h264"
        self._note(asker, "media.copy" if may_be else "media.copy.refused", "media", media_id)
        if row is None or not may_be or self._proxies is None or not self._blobs.has(row.sha256):
            return None
        path = self._proxies.copy_of(
            row.sha256, lambda: self._blobs.read(row.sha256, length=row.size_bytes)
        )
        return OpenMedia(
            media_id=media_id,
            kind="clip",
            read=lambda start, length: read_copy(path, start, length),
            media_type=MEDIA_TYPES["clip"],
            size_bytes=path.stat().st_size,
            sha256=f"{row.sha256}-h264",
        )
