"""Uploads of pictures and clips: only announced files, resumable; a complete file is added to its
alert."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.alerting.alerts.rules.grouping import Policy
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.db.group_commit import GroupCommit
from hub.base.storage.blobs import Blobs
from hub.base.storage.partial_files import PartialFiles, PartWriter, WrongOffsetError
from hub.footage.growing.clips import GrowingClips, protect
from hub.footage.media_rows import is_stored, store_media
from hub.footage.tables import media
from hub.footage.upload.shares import Shares
from hub.registry.tables import nodes

PATIENCE_S: Final = 1.0
"""For so many seconds an upload's write lets alerts and officers' acts go first."""
PICTURE_MAX_BYTES: Final = 8 * 2**20
CLIP_MAX_BYTES: Final = 256 * 2**20
"""Maximum size of a file, whatever a node announces."""
FORGOTTEN_AFTER_S: Final = 24 * 3600
"""A partial file of this age belongs to an abandoned upload."""
GROWING_FORGOTTEN_AFTER_S: Final = 30 * 24 * 3600
"""A clip that its node never finished is kept this long: it may be the only copy."""
SWEEP_EVERY_S: Final = 3600


class NotAnnouncedError(Exception):
    """This node has not announced this file, or not yet."""


class UploadRefusedError(Exception):
    """The length differs from the announcement; a repeat does not help."""


class WrongHashError(Exception):
    """The upload is complete, but its hash differs. It is deleted; a resumed upload may have been
    damaged on the way and may be tried once more."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A file as announced by its node."""

    media_id: UUID
    node_id: UUID
    sha256: str
    size_bytes: int
    is_stored: bool
    is_clip: bool = False

    @property
    def part(self) -> str:
        """Name of the file's partial file."""
        return str(self.media_id)


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """Progress of an upload."""

    offset_bytes: int
    size_bytes: int


class Upload:
    """A running upload, from its last offset. Call `write` for each piece, then `finish`, whether
    the file is complete or the connection broke."""

    def __init__(self, uploads: "Uploads", file: Announced, part: PartWriter) -> None:
        self._uploads = uploads
        self._part = part
        self.file = file

    @property
    def offset_bytes(self) -> int:
        """Bytes received so far."""
        return self._part.size_bytes

    def write(self, chunk: bytes) -> None:
        """Append. Raises UploadRefusedError once more bytes come than announced, NoSpaceError,
        SupersededError if a newer request uploads this file."""
        if self._part.size_bytes + len(chunk) > self.file.size_bytes:
            self._uploads.forget_free(self.file)
            raise UploadRefusedError(f"more than the announced {self.file.size_bytes} bytes came")
        self._part.write(chunk)

    def finish(self) -> UploadStatus:
        """Make the received bytes durable; store a complete file and add it to its alert.

        Raises WrongHashError for other content, NoSpaceError.
        """
        is_whole = self._part.size_bytes == self.file.size_bytes
        self._part.close(is_durable=not is_whole)  # the store makes a complete file durable
        if is_whole:
            self._uploads.keep(self.file)
        return UploadStatus(self._part.size_bytes, self.file.size_bytes)


class Uploads:
    """Uploads of announced pictures and clips. For any thread."""

    def __init__(
        self,
        db: Database,
        *,
        blobs: Blobs,
        parts: PartialFiles,
        clock: Clock,
        change_signal: ChangeSignal,
        policy: Policy,
        clip_stored: Callable[[str], None] = lambda _: None,
        short_bytes: int = 0,
    ) -> None:
        """`clip_stored` gets the SHA-256 of each clip that was stored, and returns at once.
        `short_bytes`: see `Shares`."""
        self.blobs = blobs
        self.parts = parts
        self._db = db
        self._together = GroupCommit(db, patience_s=PATIENCE_S)
        self._clock = clock
        self._change_signal = change_signal
        self._policy = policy
        self._clip_stored = clip_stored
        self.shares = Shares(db, blobs=blobs, parts=parts, clock=clock, short_bytes=short_bytes)
        self.growing = GrowingClips(
            db,
            parts=parts,
            clock=clock,
            change_signal=change_signal,
            check_share=self.shares.check,
        )
        protect(parts, db)
        self._swept_utc_us = 0
        self._sweep()

    def status(self, node_name: str, sha256: str) -> UploadStatus:
        """Progress of the upload of this node's file; NotAnnouncedError."""
        file = self._announced(node_name, sha256)
        if file.is_stored:
            return UploadStatus(file.size_bytes, file.size_bytes)
        return UploadStatus(self._come_so_far(file), file.size_bytes)

    def begin(self, node_name: str, sha256: str, size_bytes: int) -> Upload | None:
        """Start or continue an announced file; None if it is already stored.

        `size_bytes` is the length in the request. NotAnnouncedError if this node never announced
        this file, UploadRefusedError if the length differs from the announcement, NoSpaceError if
        the disk has no room for it now, OverShareError if it has none for this node.
        """
        self._sweep()
        file = self._announced(node_name, sha256)
        if not file.is_stored and size_bytes != file.size_bytes:
            raise UploadRefusedError(f"{size_bytes} bytes, {file.size_bytes} were announced")
        return self._open(file)

    def resume(self, node_name: str, sha256: str, offset_bytes: int) -> Upload | None:
        """Continue at exactly this offset, else WrongOffsetError; otherwise see `begin`."""
        file = self._announced(node_name, sha256)
        upload = self._open(file)
        stands = upload.offset_bytes if upload is not None else file.size_bytes
        if stands != offset_bytes:
            raise WrongOffsetError(f"{stands} bytes have come, not {offset_bytes}")
        return upload

    def drop(self, node_name: str, sha256: str) -> None:
        """The node cancels the upload; NotAnnouncedError. A part under hold stays."""
        self.forget_free(self._announced(node_name, sha256))

    def forget_free(self, file: Announced) -> None:
        """Delete the partial file unless it is under hold; a stored file stays."""
        if not self.parts.is_held(file.node_id, file.part):
            self.parts.drop(file.node_id, file.part)

    def forget_wrong(self, file: Announced) -> None:
        """Delete a complete file with a wrong hash. Under hold its beginning may be genuine and the
        only copy: then it is set aside and stays."""
        if self.parts.is_held(file.node_id, file.part):
            self.parts.set_aside(file.node_id, file.part)
        else:
            self.parts.drop(file.node_id, file.part)

    def keep(self, file: Announced) -> None:
        """Verify a complete upload, store it, then mark its row; WrongHashError.

        BlobsError leaves the part unchanged: the next request completes it.
        """
        try:
            came = self.parts.hash_of(file.node_id, file.part)
            if came != file.sha256:
                self.forget_wrong(file)
                raise WrongHashError(f"sha256 is {came}, not {file.sha256}")
            self.blobs.keep(self.parts.path(file.node_id, file.part), file.sha256)
        except FileNotFoundError:
            # Two requests completed it at once, and the other was first.
            if not self.blobs.has(file.sha256):
                raise
        # The file is durable before its row says so: never a row without its file.
        self._note_stored(file)
        self.parts.drop(file.node_id, file.part)
        if file.is_clip:
            self.growing.forget(file.node_id, file.media_id)

    def _open(self, file: Announced) -> Upload | None:
        if file.is_stored:
            return None
        received_bytes = self._come_so_far(file)
        if received_bytes == file.size_bytes:  # it has just been stored
            return None
        self.shares.check(file.node_id)
        left_bytes = file.size_bytes - received_bytes
        return Upload(self, file, self.parts.open(file.node_id, file.part, room_bytes=left_bytes))

    def _come_so_far(self, file: Announced) -> int:
        """Durable bytes. If a hub died between the last byte and the row, this completes the
        upload."""
        received_bytes = self.parts.size_bytes(file.node_id, file.part)
        if received_bytes == 0 and file.is_clip:
            self.growing.hand_over(file.node_id, file.media_id, part=file.part)
            received_bytes = self.parts.size_bytes(file.node_id, file.part)
        if received_bytes == file.size_bytes:
            self.keep(file)
        return received_bytes

    def _announced(self, node_name: str, sha256: str) -> Announced:
        with self._db.reading() as conn:
            row = conn.execute(
                select(
                    media.c.id,
                    media.c.node_id,
                    media.c.kind,
                    media.c.size_bytes,
                    media.c.stored_utc_us,
                    media.c.removed_why,
                )
                .join(nodes, nodes.c.id == media.c.node_id)
                .where(nodes.c.name == node_name, media.c.sha256 == sha256)
            ).first()
        if row is None:
            raise NotAnnouncedError(f"{node_name} has announced no file {sha256[:12]}...")
        most = PICTURE_MAX_BYTES if row.kind == "picture" else CLIP_MAX_BYTES
        if row.size_bytes > most:
            raise UploadRefusedError(f"{row.size_bytes} bytes, a {row.kind} has at most {most}")
        if row.removed_why not in (None, "lost"):
            raise UploadRefusedError("the hub removed this file and does not accept it again")
        is_here = row.stored_utc_us is not None and self.blobs.has(sha256)
        is_clip = row.kind == "clip"
        return Announced(row.id, row.node_id, sha256, row.size_bytes, is_here, is_clip)

    def _note_stored(self, file: Announced) -> None:
        """The file is stored: update its row and alerts, queue notifications, write the audit."""

        def note(conn: Connection) -> None:
            if is_stored(conn, file.media_id):
                return  # another upload of the same file ran at once and did everything
            now = self._clock.now()
            store_media(conn, file.media_id, policy=self._policy, now=now)
            log.note(
                conn,
                By(node_id=file.node_id),
                act="media.store",
                object_kind="media",
                object_id=file.media_id,
                detail=Detail("media.stored", n=file.size_bytes, sha=file.sha256),
                now=now,
            )
            self._change_signal.ring_after(conn)

        self._together.write(note)
        if file.is_clip:
            self._clip_stored(file.sha256)

    def _sweep(self) -> None:
        """From time to time: remove abandoned uploads."""
        now = self._clock.now()
        if now.utc_us - self._swept_utc_us < SWEEP_EVERY_S * 1_000_000:
            return
        self._swept_utc_us = now.utc_us
        long_ago_utc_us = now.plus_s(-FORGOTTEN_AFTER_S).utc_us
        self.blobs.sweep(older_than_utc_us=long_ago_utc_us)
        self.parts.sweep(
            older_than_utc_us=long_ago_utc_us,
            growing_older_than_utc_us=now.plus_s(-GROWING_FORGOTTEN_AFTER_S).utc_us,
        )
