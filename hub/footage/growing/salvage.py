"""Salvage: the uploaded part of a growing clip becomes footage if its node does not come back.

It gets a row like any clip, so that retention rules, holds, a full disk and the reconciliation
apply to it. Its bytes are exactly those from the node, sealed as far as the node had sealed them.
"""

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, and_, exists, select

from hub.base.audit import log as audit_log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.columns import AnyRow, AnySelect, columns, new_id
from hub.base.db.database import Database
from hub.base.db.statements import add_all_once, add_once, change
from hub.base.storage.blobs import PIECE_BYTES, Blobs, BlobsError
from hub.base.storage.partial_files import PartialFiles
from hub.footage.growing.clips import part_of
from hub.footage.growing.rows import alerts_of
from hub.footage.media_rows import media_of, show_media
from hub.footage.tables import growing_clips, growing_sightings, media, media_sightings

log = structlog.get_logger()

TAKEN_IN_AFTER_S: Final = 24 * 3600.0
"""A node that is back within this time ends its clip itself. No retention rule is shorter."""
Unended = AnyRow
"""A row of `growing_clips`."""


class Salvage:
    """Turns the uploaded part of a growing clip into footage if its node does not come back. For
    one thread."""

    def __init__(
        self,
        db: Database,
        *,
        parts: PartialFiles,
        blobs: Blobs,
        clock: Clock,
        change_signal: ChangeSignal,
    ) -> None:
        self._db = db
        self._parts = parts
        self._blobs = blobs
        self._clock = clock
        self._change_signal = change_signal

    @property
    def is_shared(self) -> bool:
        """True if unfinished uploads lie where every machine reaches them."""
        return self._parts.is_shared

    def take_in(self, stopping: Callable[[], bool] = lambda: False) -> int:
        """Store all clips that last grew a day ago; returns their number. Raises BlobsError."""
        now = self._clock.now()
        if now.is_doubted:
            return 0
        long_ago_utc_us = now.plus_s(-TAKEN_IN_AFTER_S).utc_us
        with self._db.reading() as conn:
            silent = [
                (row, part)
                for row in conn.execute(_unended(long_ago_utc_us))
                for part in _names(row)
                if (grew := self._parts.grew_utc_us(row.node_id, part, conn)) is not None
                and grew <= long_ago_utc_us
            ]
        taken = 0
        for row, part in silent:
            if stopping():
                break
            taken += self._take(row, part)
        return taken

    def _take(self, clip: Unended, part: str) -> bool:
        size_bytes = self._parts.size_bytes(clip.node_id, part)
        path = Path(self._parts.bring(clip.node_id, part))
        duration_ms = played_ms(path) if size_bytes else 0
        if not duration_ms:
            # No fragment is playable; a person with a hold on it may still read the raw bytes.
            if not self._parts.is_held(clip.node_id, part):
                self._parts.drop(clip.node_id, part)
            return False
        sha256 = self._parts.hash_of(clip.node_id, part)
        self._copy(path, sha256, size_bytes)
        with self._db.writing() as conn:
            self._enter(conn, clip, sha256, size_bytes, duration_ms)
            self._change_signal.ring_after(conn)
        self._parts.drop(clip.node_id, part)
        log.info("clip.remains_kept", clip=str(clip.id), bytes=size_bytes)
        return True

    def _copy(self, path: Path, sha256: str, size_bytes: int) -> None:
        """Store the file before its row exists; the part stays until then."""
        incoming = self._blobs.open_incoming(size_bytes)
        try:
            with path.open("rb") as file:
                while piece := file.read(PIECE_BYTES):
                    incoming.write(piece)
            incoming.finish(sha256)
        except BlobsError:
            incoming.abort()
            raise

    def _enter(
        self,
        conn: Connection,
        clip: Unended,
        sha256: str,
        size_bytes: int,
        duration_ms: int,
    ) -> None:
        now = self._clock.now()
        moments = [
            one for one in growing_clips.c if one.name.startswith(("first_frame_", "begun_"))
        ]
        told = {
            one.name.replace("begun_", "announced_"): getattr(clip, one.name) for one in moments
        }
        media_id = new_id(now)
        row = {
            "id": media_id,
            "node_id": clip.node_id,
            "camera_id": clip.camera_id,
            "kind": "clip",
            "sha256": sha256,
            "size_bytes": size_bytes,
            "codec": clip.codec,
            "width": clip.width,
            "height": clip.height,
            "duration_ms": duration_ms,
            **told,
            **columns("stored", now),
        }
        if not add_once(conn, media, row):
            media_id = media_of(conn, clip.node_id, sha256) or media_id
        shown = select(growing_sightings.c.sighting_id).where(
            growing_sightings.c.clip_id == clip.id
        )
        links = [{"media_id": media_id, "sighting_id": one} for one in conn.scalars(shown)]
        add_all_once(conn, media_sightings, links)
        change(conn, growing_clips, clip.id, {"remains_id": media_id})
        for alert_id in alerts_of(conn, clip.id):
            show_media(conn, alert_id, now=now)
        audit_log.note(
            conn,
            By(node_id=clip.node_id),
            act="media.store",
            object_kind="media",
            object_id=media_id,
            detail=Detail("media.salvaged", n=size_bytes, sha=sha256),
            now=now,
        )


def _names(clip: Unended) -> list[str]:
    """Names that its bytes may have: its own, and that of its whole file, of which its node began
    to bring the rest."""
    return [part_of(clip.id), *([str(clip.media_id)] if clip.media_id else [])]


def played_ms(path: Path) -> int:
    """Duration of the complete fragments of a file, as our nodes write them; 0 for none."""
    timescale, ends = 0, 0
    begun: int | None = None
    for name, body in _boxes(path):
        if name == b"moov" and (place := body.find(b"mdhd")) >= 0:
            timescale = struct.unpack_from(">I", body, place + 16)[0]
        elif name == b"moof":
            begun = _end_ticks(body)
        elif name == b"mdat" and begun is not None:
            ends = max(ends, begun)
    return ends * 1000 // timescale if timescale else 0


def _boxes(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Each complete box: its name, and its content if it is needed. A clip may have 256 MiB."""
    with path.open("rb") as file:
        size_bytes, at = os.fstat(file.fileno()).st_size, 0
        while at + 8 <= size_bytes:
            file.seek(at)
            size, name = struct.unpack(">I4s", file.read(8))
            if size < 8 or at + size > size_bytes:
                return
            yield name, file.read(size - 8) if name in (b"moov", b"moof") else b""
            at += size


def _end_ticks(moof: bytes) -> int | None:
    time_at, run_at = moof.find(b"tfdt") + 8, moof.find(b"trun") + 8
    if time_at < 8 or run_at < 8:
        return None
    try:
        (began,) = struct.unpack_from(">Q", moof, time_at)
        (samples,) = struct.unpack_from(">I", moof, run_at)
        rows = moof[run_at + 8 : run_at + 8 + samples * 16]
        return int(began + sum(row[0] for row in struct.iter_unpack(">IIIi", rows)))
    except struct.error:
        return None


def _unended(long_ago_utc_us: int) -> AnySelect:
    """Clips that began before the limit, have no final stored file, and have bytes of their own."""
    theirs = growing_sightings.alias("theirs")
    whole = (
        select(media.c.id)
        .join(media_sightings, media_sightings.c.media_id == media.c.id)
        .join(theirs, theirs.c.sighting_id == media_sightings.c.sighting_id)
        .where(
            theirs.c.clip_id == growing_clips.c.id,
            media.c.camera_id == growing_clips.c.camera_id,
            media.c.kind == "clip",
            media.c.stored_utc_us.is_not(None),
            media.c.first_frame_utc_us <= growing_clips.c.first_frame_utc_us,
        )
        .correlate(growing_clips)
    )
    is_given_up_for_another = and_(growing_clips.c.dropped.is_not(None), exists(whole))
    stored = select(media.c.id).where(
        media.c.id == growing_clips.c.media_id, media.c.stored_utc_us.is_not(None)
    )
    return select(growing_clips).where(
        growing_clips.c.begun_utc_us <= long_ago_utc_us,
        growing_clips.c.remains_id.is_(None),
        ~exists(stored.correlate(growing_clips)),
        ~is_given_up_for_another,
    )
