"""The word about a store that takes no uploads: once when it begins, once when it is over."""

import structlog

from hub.store.blobs import BlobsError, NoRoomError

log = structlog.get_logger()


class RoomWord:
    """For any thread; two at once may say it twice."""

    def __init__(self) -> None:
        self._said: type[BlobsError] | None = None

    def lacking(self, error: BlobsError) -> tuple[int, str]:
        """An upload was not taken; what its node hears. It keeps the file and brings it again."""
        name = "no_room" if isinstance(error, NoRoomError) else "store_away"
        if self._said is not type(error):
            log.error(
                f"media.{name}",
                reason=str(error),
                effect="pictures and clips wait at their nodes; alerts go on without them",
                cure=error.cure,
            )
        self._said = type(error)
        return 507 if name == "no_room" else 503, name

    def found(self) -> None:
        """An upload was stored."""
        if self._said is not None:
            log.info("media.taken_again")
        self._said = None
