"""Base of the services that are still one object, `Door`: what they share."""

from hub.store.acting import ActingBase
from hub.store.bell import Bell
from hub.store.blobs import Blobs
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.growing import GrowingClips
from hub.store.proxies import Proxies


class DoorBase(ActingBase):
    """For any thread."""

    def __init__(
        self,
        db: Database,
        *,
        blobs: Blobs,
        clock: Clock,
        bell: Bell,
        proxies: Proxies | None = None,
        growing: GrowingClips | None = None,
    ) -> None:
        """Without `growing`, only complete clips are shown."""
        self._growing = growing
        super().__init__(db, clock=clock)
        self._blobs = blobs
        self._proxies = proxies
        self._bell = bell

    @property
    def database(self) -> Database:
        """The database, for reads without scope because they reveal nothing about anybody."""
        return self._db
