"""Pictures and clips coming in: only what was announced, and what then becomes of its alert."""

from hub.store.bell import Bell
from hub.store.blobs import BlobFolder
from hub.store.clock import Clock
from hub.store.database import Database


class NotAnnouncedError(Exception):
    """This node has not (yet) said that it holds such a file."""


class UploadRefusedError(Exception):
    """The bytes are not what was announced, or too many; resending them is of no use."""


class Upload:
    """One file on its way in. Call `write` for each piece, then `finish`; else `abort`."""

    def write(self, chunk: bytes) -> None:
        """Append; raises UploadRefusedError as soon as more comes than was announced."""
        raise NotImplementedError

    def finish(self) -> None:
        """Keep it for good and grow its alert; UploadRefusedError when it is another."""
        raise NotImplementedError

    def abort(self) -> None:
        """Throw away what came; harmless after `finish`."""
        raise NotImplementedError


class Uploads:
    """For any thread."""

    def __init__(self, db: Database, *, blobs: BlobFolder, clock: Clock, bell: Bell) -> None:
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._bell = bell

    def begin(self, node_name: str, sha256: str, size_bytes: int | None) -> Upload | None:
        """Make room for an announced file; None when it is stored already.

        `size_bytes` is the sender's Content-Length, or None.
        """
        raise NotImplementedError
