"""Base of the services: each act of a signed-in person is one line of the audit log."""

from uuid import UUID

from sqlalchemy import Connection

from hub.store import audit
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.views import Asker


class Acting:
    """A service that people act through; for any thread."""

    def __init__(self, db: Database, *, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def _note(
        self,
        asker: Asker,
        act: str,
        kind: str = "",
        object_id: UUID | None = None,
        *,
        detail: str = "",
        is_done: bool = True,
    ) -> None:
        """Write the line in a transaction of its own."""
        with self._db.writing() as conn:
            self._note_in(conn, asker, act, kind, object_id, detail=detail, is_done=is_done)

    def _note_in(
        self,
        conn: Connection,
        asker: Asker,
        act: str,
        kind: str = "",
        object_id: UUID | None = None,
        *,
        detail: str = "",
        is_done: bool = True,
    ) -> None:
        """Write the line in the act's own transaction; `act` gets ".refused" if it is not done."""
        audit.note(
            conn,
            asker.by,
            act=act if is_done else f"{act}.refused",
            object_kind=kind if object_id else "",
            object_id=object_id,
            detail=detail,
            now=self._clock.now(),
        )
