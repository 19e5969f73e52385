"""The one door: whatever a person sees or does passes one scope check and one audit line here."""

from uuid import UUID

from hub.alerts.alert import Act
from hub.store.bell import Bell
from hub.store.blobs import BlobFolder
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.views import (
    AlertChange,
    AlertPage,
    AlertRow,
    Asker,
    Conflict,
    HistoryRow,
    Inbox,
    MediaRow,
    OpenMedia,
    PhoneRow,
    SightingRow,
    ToldRow,
)

__all__ = [
    "AlertChange",
    "AlertPage",
    "AlertRow",
    "Asker",
    "Conflict",
    "Door",
    "HistoryRow",
    "Inbox",
    "MediaRow",
    "OpenMedia",
    "PhoneRow",
    "SightingRow",
    "ToldRow",
]


class Door:
    """For any thread. "None" is the same answer for what is not there and what is not theirs."""

    def __init__(self, db: Database, *, blobs: BlobFolder, clock: Clock, bell: Bell) -> None:
        self._db = db
        self._blobs = blobs
        self._clock = clock
        self._bell = bell

    def inbox(self, asker: Asker, limit: int = 50) -> Inbox:
        """The alerts this person may see: all that run, and the `limit` last handled."""
        raise NotImplementedError

    def row(self, asker: Asker, alert_id: UUID) -> AlertRow | None:
        """One alert as the inbox shows it: what a live page asks for after a change."""
        raise NotImplementedError

    def alert(self, asker: Asker, alert_id: UUID) -> AlertPage | None:
        """All about one alert."""
        raise NotImplementedError

    def act(
        self, asker: Asker, alert_id: UUID, *, act: Act, note: str = ""
    ) -> AlertRow | Conflict | None:
        """Take, resolve or call false; the second of two officers gets a Conflict."""
        raise NotImplementedError

    def open_media(self, asker: Asker, media_id: UUID) -> OpenMedia | None:
        """A stored picture (needs SEE) or clip (needs CLIPS)."""
        raise NotImplementedError

    def changes_since(self, asker: Asker, cursor: int) -> tuple[list[AlertChange], int]:
        """The newest change of each visible alert after `cursor`, and the cursor to go on from."""
        raise NotImplementedError

    def phones(self, asker: Asker) -> list[PhoneRow]:
        """The person's own phones, newest first, those that are gone too."""
        raise NotImplementedError

    def add_phone(
        self, asker: Asker, *, channel: str, address: str, secrets: str, label: str
    ) -> UUID:
        """Note a phone (`secrets` is JSON); the same address again is the same phone."""
        raise NotImplementedError

    def remove_phone(self, asker: Asker, phone_id: UUID) -> bool:
        """Tell this phone nothing more; False when it is not the person's own."""
        raise NotImplementedError

    def shown(self, asker: Asker, notification_id: UUID) -> bool:
        """The phone says it showed this; False when it was not owed to this person."""
        raise NotImplementedError

    def opened(self, asker: Asker, notification_id: UUID) -> bool:
        """The person opened it; False when it was not owed to them."""
        raise NotImplementedError
