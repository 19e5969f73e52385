"""Who did what: one line an act, written in the transaction of the act itself."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, insert

from hub.alerts.moment import Moment
from hub.store.tables import audit, columns, new_id

DETAIL_CHARS: Final = 2000
"""Longer details are cut: the log keeps acts, not contents."""


@dataclass(frozen=True, slots=True)
class By:
    """Whose act it is: a person, a node, or (neither) the hub itself or its keeper's shell."""

    person_id: UUID | None = None
    node_id: UUID | None = None
    came_from: str = ""
    """The network address the act came from."""


def note(
    conn: Connection,
    by: By,
    *,
    act: str,
    now: Moment,
    object_kind: str = "",
    object_id: UUID | None = None,
    detail: str = "",
) -> None:
    """Write one line. `act` is noun.verb: `alert.take`, `media.open`, `person.add`."""
    conn.execute(
        insert(audit).values(
            id=new_id(now),
            person_id=by.person_id,
            node_id=by.node_id,
            came_from=by.came_from,
            act=act,
            object_kind=object_kind,
            object_id=object_id,
            detail=detail[:DETAIL_CHARS].replace("\0", "\ufffd"),
            **columns("at", now),
        )
    )
