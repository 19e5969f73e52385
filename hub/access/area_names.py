"""Areas that a person looks after, by name."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection

from hub.access.scope import tended_area_ids
from hub.base.moment import Moment
from hub.base.text.order import by_place
from hub.registry.areas import places


@dataclass(frozen=True, slots=True)
class AreaName:
    """An area that the asker looks after, with its parents: "Ngã tư 1, Tân Khai"."""

    area_id: UUID
    place: str


def area_names(conn: Connection, person_id: UUID, now: Moment) -> list[AreaName]:
    """Areas this person looks after, by name."""
    where = places(conn, tended_area_ids(conn, person_id, now))
    named = [AreaName(area_id, place) for area_id, place in where.items()]
    return sorted(named, key=lambda one: (by_place(one.place), one.area_id))
