"""Public data: areas with cameras, and the retention of their footage.

Only area names and counts: no camera's name or position, no footage, no person's name.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, func, select

from hub.base.db.database import Database
from hub.footage.retention import rows
from hub.footage.retention.rules import FootageClass, rule_for
from hub.footage.retention.tables import retention_rules
from hub.registry.areas import places
from hub.registry.tables import cameras


@dataclass(frozen=True, slots=True)
class PublicRetention:
    """Retention of one class of footage in an area; `days` None: until the rule is ended."""

    footage_class: FootageClass
    days: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Watched:
    """An area with cameras."""

    place: str
    cameras: int
    kept: tuple[PublicRetention, ...]
    """A class without an entry has no rule: it is kept until there is one."""


class PublicService:
    """What anybody may read, without a line in the log. For any thread."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def watched(self) -> list[Watched]:
        """Every area with cameras, by name."""
        with self._db.reading() as conn:
            counted = {
                row.area_id: row.n
                for row in conn.execute(
                    select(cameras.c.area_id, func.count().label("n")).group_by(cameras.c.area_id)
                )
            }
            where = places(conn, counted)
            kept = _kept(conn, list(counted))
        found = [Watched(where.get(one, ""), n, kept[one]) for one, n in counted.items()]
        return sorted(found, key=lambda area: area.place)


def _kept(conn: Connection, area_ids: list[UUID]) -> dict[UUID, tuple[PublicRetention, ...]]:
    rules, parents = rows.rules_now(conn), rows.area_parents(conn)
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
