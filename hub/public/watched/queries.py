"""Public data: areas with cameras, and the retention of their footage.

Only area names, counts, and where an area is to half a kilometre: no camera's name or position, no
footage, no person's name.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, func, select

from hub.base.db.database import Database
from hub.base.text.order import by_name
from hub.footage.retention import rows
from hub.footage.retention.rules import FootageClass, rule_for
from hub.footage.retention.tables import retention_rules
from hub.registry.areas import area_parents, places
from hub.registry.shapes import Point
from hub.registry.tables import cameras

GRID_DEG: Final = 0.005
"""About 550 m."""
_COUNTED: Final = select(
    cameras.c.area_id,
    func.count().label("n"),
    func.avg(cameras.c.latitude_deg).label("north"),
    func.avg(cameras.c.longitude_deg).label("east"),
).group_by(cameras.c.area_id)


@dataclass(frozen=True, slots=True)
class PublicRetention:
    """Retention of one class of footage in an area; `days` None: until the rule is ended."""

    footage_class: FootageClass
    days: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Watched:
    """An area with cameras, for the public page."""

    place: str
    cameras: int
    about: Point | None
    """The middle of its cameras on a grid of `GRID_DEG`; None without known positions."""
    kept: tuple[PublicRetention, ...]
    """A class without an entry has no rule: it is kept until there is one."""


class PublicService:
    """Data that anybody may read, without a line in the log. For any thread."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def watched(self) -> list[Watched]:
        """Every area with cameras, by name."""
        with self._db.reading() as conn:
            counted = {row.area_id: row for row in conn.execute(_COUNTED)}
            where = places(conn, counted)
            kept = _kept(conn, list(counted))
        found = [
            Watched(where[one], row.n, _about(row.north, row.east), kept[one])
            for one, row in counted.items()
        ]
        return sorted(found, key=lambda area: by_name(area.place))


def _about(north: float | None, east: float | None) -> Point | None:
    if north is None or east is None:
        return None
    on_grid = (round(round(degrees / GRID_DEG) * GRID_DEG, 4) for degrees in (north, east))
    return Point(*on_grid)


def _kept(conn: Connection, area_ids: list[UUID]) -> dict[UUID, tuple[PublicRetention, ...]]:
    rules, parents = rows.rules_now(conn), area_parents(conn)
    these = select(retention_rules.c.id, retention_rules.c.reason)
    reasons = {row.id: row.reason for row in conn.execute(these)}
    return {
        area_id: tuple(
            PublicRetention(one, rule.keep_days, reasons.get(rule.rule_id, ""))
            for one in (FootageClass.ALERT, FootageClass.SIGHTING)
            if (rule := rule_for(one, area_id, rules, parents)) is not None
        )
        for area_id in area_ids
    }
