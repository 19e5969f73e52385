"""Pictures and clips coming in: only what was announced, and what then becomes of its alert."""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from hub.alerts.routing import Policy
from hub.store import audit
from hub.store.audit import By
from hub.store.bell import Bell
from hub.store.blobs import Blobs, HashMismatchError, Incoming
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.footage import is_stored, store_media
from hub.store.tables import media, nodes

PICTURE_MAX_BYTES: Final = 8 * 2**20
CLIP_MAX_BYTES: Final = 256 * 2**20
"""No file is larger, whatever a node announces."""
FORGOTTEN_AFTER_S: Final = 24 * 3600
"""An unfinished file this old is of an upload that broke off."""


class NotAnnouncedError(Exception):
    """This node has not (yet) said that it holds such a file."""


class UploadRefusedError(Exception):
    """The bytes are not what was announced, or too many; resending them is of no use."""


class Upload:
    """One file on its way in. Call `write` for each piece, then `finish`; else `abort`."""

    def __init__(
        self, uploads: "Uploads", media_id: UUID, *, node_id: UUID, sha256: str, size_bytes: int
    ) -> None:
        self._uploads = uploads
        self._incoming: Incoming = uploads.blobs.open_incoming(size_bytes)
        self.media_id = media_id
        self.node_id = node_id
        self.sha256 = sha256
        self.size_bytes = size_bytes

    def write(self, chunk: bytes) -> None:
        """Append; raises UploadRefusedError as soon as more comes than was announced."""
        if self._incoming.size_bytes + len(chunk) > self.size_bytes:
            raise UploadRefusedError(f"more than the announced {self.size_bytes} bytes came")
        self._incoming.write(chunk)

    def finish(self) -> None:
        """Keep it for good and grow its alert; UploadRefusedError when it is another file.

        A file that broke off short raises it too: its sender's connection ended before.
        """
        if self._incoming.size_bytes != self.size_bytes:
            came = self._incoming.size_bytes
            raise UploadRefusedError(f"{came} bytes came, {self.size_bytes} were announced")
        try:
            self._incoming.finish(self.sha256)
        except HashMismatchError as error:
            raise UploadRefusedError(str(error)) from error
        # The file is durable before its row says so: never a row without its file.
        self._uploads.note_stored(self)

    def abort(self) -> None:
        """Throw away what came; harmless after `finish`."""
        self._incoming.abort()


class Uploads:
    """For any thread."""

    def __init__(
        self,
        db: Database,
        *,
        blobs: Blobs,
        clock: Clock,
        bell: Bell,
        policy: Policy,
    ) -> None:
        self.blobs = blobs
        self._db = db
        self._clock = clock
        self._bell = bell
        self._policy = policy
        blobs.sweep(older_than_utc_us=clock.now().plus_s(-FORGOTTEN_AFTER_S).utc_us)

    def begin(self, node_name: str, sha256: str, size_bytes: int | None) -> Upload | None:
        """Make room for an announced file; None when it is stored already.

        `size_bytes` is the sender's Content-Length, or None. NotAnnouncedError when this node
        never said it holds this file, UploadRefusedError when the length is not as announced,
        NoRoomError when the disk has no room for it now.
        """
        with self._db.reading() as conn:
            row = conn.execute(
                select(
                    media.c.id,
                    media.c.node_id,
                    media.c.kind,
                    media.c.size_bytes,
                    media.c.stored_utc_us,
                )
                .join(nodes, nodes.c.id == media.c.node_id)
                .where(nodes.c.name == node_name, media.c.sha256 == sha256)
            ).first()
        if row is None:
            raise NotAnnouncedError(f"{node_name} has announced no file {sha256[:12]}...")
        if row.stored_utc_us is not None and self.blobs.has(sha256):
            return None
        most = PICTURE_MAX_BYTES if row.kind == "picture" else CLIP_MAX_BYTES
        if row.size_bytes > most:
            raise UploadRefusedError(f"{row.size_bytes} bytes, a {row.kind} has at most {most}")
        if size_bytes is not None and size_bytes != row.size_bytes:
            raise UploadRefusedError(f"{size_bytes} bytes, {row.size_bytes} were announced")
        return Upload(self, row.id, node_id=row.node_id, sha256=sha256, size_bytes=row.size_bytes)

    def note_stored(self, upload: Upload) -> None:
        """The file of this upload is on the disk: its row, its alerts, who is owed, the audit."""
        now = self._clock.now()
        with self._db.writing() as conn:
            if is_stored(conn, upload.media_id):
                return  # two uploads of one file ran at once; the other has done it all
            store_media(conn, upload.media_id, policy=self._policy, now=now)
            audit.note(
                conn,
                By(node_id=upload.node_id),
                act="media.store",
                object_kind="media",
                object_id=upload.media_id,
                detail=f"{upload.size_bytes} bytes, sha256 {upload.sha256}",
                now=now,
            )
        self._bell.ring()
