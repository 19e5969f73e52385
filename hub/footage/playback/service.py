"""Service for pictures and clips: one scope check and one audit line, as everywhere."""

import time
from typing import Final
from uuid import UUID

from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.storage.blobs import Blobs
from hub.footage import alert_queries, queries
from hub.footage.growing.clips import GrowingClips, GrowingReader
from hub.footage.requests import clips
from hub.footage.transcoding.proxies import Proxies, read_copy
from hub.footage.views import OpenMedia

STORING_LOOKS: Final = 20
STORING_LOOK_S: Final = 0.1
MEDIA_TYPES: Final = {"picture": "image/jpeg", "clip": "video/mp4", "sound": "audio/mp4"}


class PlaybackService:
    """Opens stored media and growing clips for people. For any thread."""

    def __init__(
        self,
        acting: Acting,
        *,
        blobs: Blobs,
        proxies: Proxies | None = None,
        growing: GrowingClips | None = None,
    ) -> None:
        """Without `growing`, only complete clips are shown."""
        self._acting = acting
        self._blobs = blobs
        self._proxies = proxies
        self._growing = growing

    def open_media(self, asker: Asker, media_id: UUID) -> OpenMedia | None:
        """A stored picture (needs SEE) or clip (needs CLIPS)."""
        with self._acting.part_of(asker, "media.open") as look:
            row = queries.one_media(look.conn, asker.person_id, media_id, look.now)
        is_here = row is not None and self._blobs.has(row.sha256)
        self._acting.note(asker, "media.open", On("media", media_id), is_done=is_here)
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

    def watch_clip(self, asker: Asker, clip_id: UUID) -> GrowingReader | UUID | None:
        """A clip during its recording (needs CLIPS); the id of its file once that is stored."""
        may = self.may_watch(asker, clip_id)
        self._acting.note(asker, "clip.watch", On("clip", clip_id), is_done=may)
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
        with self._acting.part_of(asker, "clip.watch") as look:
            return queries.may_watch(look.conn, asker.person_id, clip_id, look.now)

    def ask_for_clip(self, asker: Asker, alert_id: UUID, media_id: UUID) -> bool:
        """Request an alert's clip that is still at its node (needs CLIPS); False without one. A
        repeated request changes nothing until the node has answered that the clip is gone."""
        on = On("media", media_id)
        with self._acting.changing(asker, "media.ask", on, rings=True) as change:
            who, now = asker.person_id, change.now
            may = alert_queries.clip_at_node(change.conn, who, media_id, alert_id=alert_id, now=now)
            return clips.ask(change, media_id, may=may)

    def open_copy(self, asker: Asker, media_id: UUID) -> OpenMedia | None:
        """A small H.264 copy of a clip, for browsers that cannot play the clip itself; blocks while
        it is made. None also if the clip itself is H.264.

        Raises BusyError, NoCopyError, BlobsError.
        """
        with self._acting.reading(asker, "media.copy", On("media", media_id)) as look:
            row = queries.one_media(look.conn, asker.person_id, media_id, look.now)
            may_be = row is not None and row.kind == "clip" and row.codec != "h264"
            look.answer(may_be)
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
