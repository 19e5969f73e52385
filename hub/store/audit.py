"""Who did what: one line an act, written in the transaction of the act itself."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from hub.alerts.moment import Moment


@dataclass(frozen=True, slots=True)
class By:
    """Whose act it is: a person, a node, or (neither) the hub itself or its keeper's shell."""

    person_id: UUID | None = None
    node_id: UUID | None = None
    came_from: str = ""


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
    """Write one line."""
    raise NotImplementedError
