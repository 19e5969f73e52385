"""Log lines about full storage: for uploads once at its start and once at its end, for pages at
intervals."""

import time
from typing import Final

import structlog

from hub.base.storage.blobs import BlobsError, NoSpaceError

log = structlog.get_logger()

AGAIN_S: Final = 600.0


class StorageNotice:
    """Writer of log lines about full storage. For any thread; two at once may log twice."""

    def __init__(self) -> None:
        self._said: type[BlobsError] | None = None
        self._again_s = 0.0

    def lacking(self, error: BlobsError) -> tuple[int, str]:
        """Log that an upload was refused; returns the answer for its node, which keeps the file and
        sends it again."""
        if self._said is not type(error):
            log.error(
                f"media.{error.fault}",
                reason=str(error),
                effect="pictures and clips wait at their nodes; alerts go on without them",
                cure=error.cure,
            )
        self._said = type(error)
        return 507 if isinstance(error, NoSpaceError) else 503, error.fault

    def no_database(self, error: Exception) -> None:
        """Log that a page could not be shown, or an act not done; again after ten minutes at the
        earliest."""
        now_s = time.monotonic()
        if now_s >= self._again_s:
            self._again_s = now_s + AGAIN_S
            log.error(
                "web.database",
                reason=str(error).splitlines()[0],
                effect="pages answer 503 and no act is done; nodes keep what is not filed",
                cure="free space on the disk of store.url, or start its server",
            )

    def found(self) -> None:
        """Note that an upload was stored."""
        if self._said is not None:
            log.info("media.taken_again")
        self._said = None
