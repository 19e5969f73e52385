"""Service for areas: a keeper edits the areas they look after, one by one or by a table.

The answer is the same (False or None) for an unknown area and for somebody else's. An `AreaError`
says what is wrong with an area. A person who only manages a place may not change its border: that
changes who sees what.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from hub.alerts.moment import Moment
from hub.alerts.roles import Role
from hub.store import area_import, area_rows, grant_sights, roster_import
from hub.store.area_import import Reach
from hub.store.area_rows import AreaWords, Moved
from hub.store.asker import Asker
from hub.store.csv_import import Import
from hub.store.door_base import DoorBase
from hub.store.duty_scope import tended_teams
from hub.store.registry_tables import areas


@dataclass(frozen=True, slots=True)
class AreaRow:
    """An area as its keeper edits it; times are UTC microseconds."""

    area_id: UUID
    parent_id: UUID | None
    name: str
    level: str
    depth: int
    valid_from_utc_us: int
    valid_until_utc_us: int | None
    cameras: int
    """Cameras in it and below it."""


class AreaDoor(DoorBase):
    """The tree of areas."""

    def areas(self, asker: Asker) -> list[AreaRow]:
        """Areas that this keeper looks after, each before its children; empty for others."""
        now = self._clock.now()
        with self._db.reading() as conn:
            rows = _rows(conn, asker, now)
        self._note(asker, "areas.open", detail=f"{len(rows)} areas")
        return rows

    def add_area(self, asker: Asker, words: AreaWords) -> UUID | None:
        """Add an area inside one they look after; only the shell adds the top of a tree."""
        now = self._clock.now()
        with self._db.writing() as conn:
            if words.parent_id not in _reach(conn, asker, now):
                self._note_in(conn, asker, "area.add.refused", "area", words.parent_id)
                return None
            return area_rows.add(conn, words, by=asker.by, now=now)

    def change_area(self, asker: Asker, area_id: UUID, words: AreaWords) -> Moved | None:
        """Rename, date or move one of their areas, inside what they look after."""
        now = self._clock.now()
        with self._db.writing() as conn:
            reach = _reach(conn, asker, now)
            parent = conn.scalar(select(areas.c.parent_id).where(areas.c.id == area_id))
            stays = parent == words.parent_id
            if area_id not in reach or not (stays or words.parent_id in reach):
                self._note_in(conn, asker, "area.change.refused", "area", area_id)
                return None
            moved = area_rows.change(conn, area_id, words, by=asker.by, now=now)
        self._bell.ring()
        return moved

    def tables(self, asker: Asker) -> list[str]:
        """Kinds of table this person may import; no audit, because it shows no data."""
        now = self._clock.now()
        with self._db.reading() as conn:
            found = ["areas", "cameras"] if _reach(conn, asker, now) else []
            if conn.execute(tended_teams(asker.person_id, now).limit(1)).first() is not None:
                found.append("rosters")
        return found

    def try_table(self, asker: Asker, what: str, content: bytes, zone: ZoneInfo) -> Import | None:
        """Effect the table would have; writes nothing. None without the right."""
        with self._db.reading() as conn:
            plan = _plan(conn, asker, what, content, zone, self._clock.now())
        self._note(asker, "table.try" if plan else "table.try.refused", detail=what)
        return plan

    def take_table(self, asker: Asker, what: str, content: bytes, zone: ZoneInfo) -> Import | None:
        """Carry out the table, if it has no errors."""
        now = self._clock.now()
        with self._db.writing() as conn:
            plan = _plan(conn, asker, what, content, zone, now)
            if plan is None or not plan.may_be_done:
                self._note_in(conn, asker, "table.take.refused", detail=what)
                return plan
            count = area_import.carry_out(conn, plan, by=asker.by, now=now)
            self._note_in(conn, asker, "table.take", detail=f"{what}: {count} lines")
        self._bell.ring()
        return plan


def _plan(
    conn: Connection, asker: Asker, what: str, content: bytes, zone: ZoneInfo, now: Moment
) -> Import | None:
    if what == "rosters":
        if conn.execute(tended_teams(asker.person_id, now).limit(1)).first() is None:
            return None
        return roster_import.plan_rosters(conn, content, person_id=asker.person_id, now=now)
    mine = _reach(conn, asker, now)
    if not mine:
        return None
    _, seen = grant_sights.tended_places(conn, asker.person_id, now)
    reach = Reach(mine, {row.id for row in seen})
    plans: dict[str, Callable[[], Import]] = {
        "areas": lambda: area_import.plan_areas(conn, content, zone=zone, reach=reach, now=now),
        "cameras": lambda: area_import.plan_cameras(conn, content, reach=reach),
    }
    return plans[what]() if what in plans else None


def _reach(conn: Connection, asker: Asker, now: Moment) -> set[UUID]:
    """Areas whose border this person may change."""
    if asker.role != Role.KEEPER:
        return set()
    tended, _ = grant_sights.tended_places(conn, asker.person_id, now)
    return tended


def _rows(conn: Connection, asker: Asker, now: Moment) -> list[AreaRow]:
    mine = _reach(conn, asker, now)
    rows = {row.id: row for row in conn.execute(select(areas).where(areas.c.id.in_(mine)))}
    return [
        AreaRow(
            area_id=area_id,
            parent_id=rows[area_id].parent_id,
            name=rows[area_id].name,
            level=rows[area_id].level,
            depth=depth,
            valid_from_utc_us=rows[area_id].valid_from_utc_us,
            valid_until_utc_us=rows[area_id].valid_until_utc_us,
            cameras=area_rows.camera_count(conn, area_id),
        )
        for area_id, depth in grant_sights.in_order(rows)
    ]
