"""The word about a disk without room for uploads: once when it begins, once when it is over."""

import structlog

log = structlog.get_logger()


class RoomWord:
    """For any thread; two at once may say it twice."""

    def __init__(self) -> None:
        self._is_lacking = False

    def lacking(self, error: Exception) -> None:
        """An upload found no room; its node keeps the file and brings it again."""
        if not self._is_lacking:
            log.error(
                "media.no_room",
                reason=str(error),
                effect="pictures and clips wait at their nodes; alerts go on without them",
                cure="free space on that disk, or move store.media_folder to a larger one",
            )
        self._is_lacking = True

    def found(self) -> None:
        """An upload was stored."""
        if self._is_lacking:
            log.info("media.room_again")
        self._is_lacking = False
