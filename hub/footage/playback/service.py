"""Service for pictures and clips: one scope check and one audit line for each call."""

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Final
from uuid import UUID

from hub.alerting.alerts import queries as alerts_queries
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.db.columns import AnyRow
from hub.base.db.rows import from_row
from hub.base.storage.blobs import Blobs
from hub.footage import alert_queries, queries
from hub.footage.growing.clips import GrowingClips, GrowingReader
from hub.footage.playback.clip_index import ClipIndex, clip_index, read_indexed
from hub.footage.requests import clips
from hub.footage.transcoding.proxies import BusyError, Proxies, read_copy
from hub.footage.views import GrowingRow, MediaRow, OpenMedia

STORING_LOOKS: Final = 20
STORING_LOOK_S: Final = 0.1
PLAYS_AT_ONCE: Final = "h264"
"""Codec that every browser plays: the original takes the place of a copy that would come late."""
INDEXES_KEPT: Final = 200
WAITED_FOR_MS: Final = 30_000
"""A longer clip that plays at once is not copied while a player waits."""
PATIENCE_S: Final = 5.0
"""Maximum wait of a player for its turn, if the original plays at once."""
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
        self._indexes: dict[str, ClipIndex | None] = {}
        self._indexes_lock = threading.Lock()

    def open_media(self, asker: Asker, media_id: UUID) -> OpenMedia | None:
        """A stored picture (needs SEE) or clip (needs CLIPS)."""
        with self._acting.part_of(asker, "media.open") as look:
            row = queries.one_media(look.conn, asker.person_id, media_id, look.now)
        is_here = row is not None and self._blobs.has(row.sha256)
        self._acting.note(asker, "media.open", On("media", media_id), is_done=is_here)
        if row is None or not is_here:
            return None
        return from_row(
            OpenMedia,
            row,
            media_id=media_id,
            read=lambda start, length: self._blobs.read(row.sha256, start=start, length=length),
            media_type=MEDIA_TYPES[row.kind],
        )

    def open_for_player(self, asker: Asker, media_id: UUID) -> OpenMedia | None:
        """A stored clip (needs CLIPS). If its node wrote no index, one is inserted before its
        fragments: a player can then begin and jump without reading all of it. No other byte
        differs."""
        opened = self.open_media(asker, media_id)
        if opened is None or opened.kind != "clip":
            return None
        index = self._index_of(opened)
        if index is None:
            return opened
        return replace(
            opened,
            read=lambda start, length: read_indexed(opened.read, index, start, length),
            size_bytes=opened.size_bytes + len(index.box),
            sha256=f"{opened.sha256}-indexed",
        )

    def _index_of(self, opened: OpenMedia) -> ClipIndex | None:
        """Made once for a clip, as a bucket answers each read late."""
        with self._indexes_lock:
            if opened.sha256 in self._indexes:
                return self._indexes[opened.sha256]
        index = clip_index(
            lambda start, length: b"".join(opened.read(start, length)), opened.size_bytes
        )
        with self._indexes_lock:
            self._indexes[opened.sha256] = index
            while len(self._indexes) > INDEXES_KEPT:
                self._indexes.pop(next(iter(self._indexes)))
        return index

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

    def await_clip(self, asker: Asker, alert_id: UUID) -> bool:
        """True if this person may wait for the alert's clips (needs CLIPS); one log line."""
        with self._acting.reading(asker, "clip.await", On("alert", alert_id)) as look:
            may = alerts_queries.may_play(look.conn, asker.person_id, alert_id, look.now)
            look.answer(may)
        return may

    def first_clip(self, asker: Asker, alert_id: UUID) -> MediaRow | GrowingRow | None:
        """The first clip of the alert that can play now. None if there is none, and without the
        right (also if the right has ended). Opening the clip writes its own log line."""
        with self._acting.part_of(asker, "clip.await") as look:
            if not alerts_queries.may_play(look.conn, asker.person_id, alert_id, look.now):
                return None
            clips = alert_queries.alert_media(look.conn, alert_id, kinds=("clip",))
            growing = self.growing_of_alert(look, alert_id)
        stored = (clip for clip in clips if clip.is_stored and clip.removed is None)
        begun = (clip for clip in growing if clip.grew_utc_us is not None)
        return next(stored, None) or next(begun, None)

    def growing_of_alert(self, look: Reading, alert_id: UUID) -> tuple[GrowingRow, ...]:
        """The alert's clips without a final stored file, for a page that has checked the right to
        play them."""
        growing = self._growing
        if growing is None:
            return ()
        rows = []
        for clip in alert_queries.alert_growing(look.conn, alert_id):
            grew = growing.grew_utc_us(look.conn, clip.node_id, clip.row.clip_id, clip.media_id)
            if grew is None and clip.sha256 is not None and self._blobs.has(clip.sha256):
                grew = look.now.utc_us  # complete; its row is being written
            rows.append(replace(clip.row, grew_utc_us=grew))
        return tuple(rows)

    def stored_of_alert(self, asker: Asker, alert_id: UUID) -> list[UUID]:
        """The alert's stored files that this person may open."""
        with self._acting.reading(asker, "alert.open", On("alert", alert_id)) as look:
            conn, who, now = look.conn, asker.person_id, look.now
            may_see = alerts_queries.one_alert(conn, who, alert_id, now) is not None
            look.answer(may_see)
            if not may_see:
                return []
            may_play = alerts_queries.may_play(conn, who, alert_id, now)
            kinds = tuple(MEDIA_TYPES) if may_play else ("picture",)
            media = alert_queries.alert_media(conn, alert_id, kinds=kinds)
        return [one.media_id for one in media if one.is_stored]

    def ask_for_clip(self, asker: Asker, alert_id: UUID, media_id: UUID) -> bool:
        """Request an alert's clip that is still at its node (needs CLIPS); False if there is no
        such clip. A repeated request changes nothing until the node has answered that the clip is
        gone."""
        on = On("media", media_id)
        with self._acting.changing(asker, "media.ask", on, rings=True) as change:
            who, now = asker.person_id, change.now
            may = alert_queries.clip_at_node(change.conn, who, media_id, alert_id=alert_id, now=now)
            return clips.ask(change, media_id, may=may)

    def open_copy(self, asker: Asker, media_id: UUID) -> OpenMedia | None:
        """The small H.264 copy of a clip (needs CLIPS); blocks while it is made.

        Raises BusyError if it would come too late, NoCopyError, BlobsError. A player then takes the
        original.
        """
        with self._acting.reading(asker, "media.copy", On("media", media_id)) as look:
            row = queries.one_media(look.conn, asker.person_id, media_id, look.now)
            may_be = row is not None and row.kind == "clip"
            look.answer(may_be)
        if row is None or not may_be or self._proxies is None or not self._blobs.has(row.sha256):
            return None
        path = self._proxies.found(row.sha256)
        if path is None:
            path = self._make_copy(self._proxies, row)
            if not self._is_stored(asker, media_id):
                self._proxies.forget(row.sha256)  # its original was removed meanwhile
                return None
        return OpenMedia(
            media_id=media_id,
            kind="clip",
            read=lambda start, length: read_copy(path, start, length),
            media_type=MEDIA_TYPES["clip"],
            size_bytes=path.stat().st_size,
            sha256=f"{row.sha256}-h264",
        )

    def _make_copy(self, proxies: Proxies, row: AnyRow) -> Path:
        patience_s = None
        if row.codec == PLAYS_AT_ONCE:
            if row.duration_ms > WAITED_FOR_MS:
                raise BusyError
            patience_s = PATIENCE_S
        return proxies.copy_of(
            row.sha256,
            lambda: self._blobs.read(row.sha256, length=row.size_bytes),
            patience_s=patience_s,
        )

    def _is_stored(self, asker: Asker, media_id: UUID) -> bool:
        with self._acting.part_of(asker, "media.copy") as look:
            row = queries.one_media(look.conn, asker.person_id, media_id, look.now)
        return row is not None
