"""Service for areas: a keeper edits the areas they look after, one by one or by a table.

The answer is the same (False or None) for an unknown area and for somebody else's. An `AreaError`
says what is wrong with an area. A person who only manages a place may not change its border: that
changes who sees what.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from hub.access.grants import queries
from hub.access.rules.roles import Role
from hub.alerting.oncall import csv_import as oncall_csv_import
from hub.alerting.oncall.scope import tended_teams
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail
from hub.base.text.csv_import import Import
from hub.places.areas import csv_import as areas_csv_import
from hub.places.areas import rows as areas_rows
from hub.places.areas.csv_import import Reach
from hub.places.areas.rows import AreaWords, Moved
from hub.registry.tables import areas


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


class AreaService:
    """The tree of areas."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def areas(self, asker: Asker) -> list[AreaRow]:
        """Areas that this keeper looks after, each before its children; empty for others."""
        with self._acting.reading(asker, "areas.open") as look:
            rows = _rows(look)
            look.done(Detail("areas.count", n=len(rows)))
        return rows

    def add_area(self, asker: Asker, words: AreaWords) -> UUID | None:
        """Add an area inside one that the asker looks after; only the shell adds the top of a
        tree."""
        with self._acting.changing(asker, "area.add", On("area", words.parent_id)) as change:
            if words.parent_id not in _reach(change):
                change.refuse()
                return None
            return areas_rows.add(change.conn, words, by=change.by, now=change.now)

    def change_area(self, asker: Asker, area_id: UUID, words: AreaWords) -> Moved | None:
        """Rename, date or move one of the asker's areas, inside the areas that they look after."""
        this = On("area", area_id)
        with self._acting.changing(asker, "area.change", this, rings=True) as change:
            reach = _reach(change)
            parent = change.conn.scalar(select(areas.c.parent_id).where(areas.c.id == area_id))
            stays = parent == words.parent_id
            if area_id not in reach or not (stays or words.parent_id in reach):
                change.refuse()
                return None
            return areas_rows.change(change.conn, area_id, words, by=change.by, now=change.now)

    def tables(self, asker: Asker) -> list[str]:
        """Kinds of table this person may import: the choices of a form, which show no data."""
        with self._acting.part_of(asker, "table.try") as look:
            found = ["areas", "cameras"] if _reach(look) else []
            if _keeps_rosters(look):
                found.append("rosters")
        return found

    def try_table(self, asker: Asker, what: str, content: bytes, zone: ZoneInfo) -> Import | None:
        """Effect the table would have; writes nothing. None without the right."""
        with self._acting.reading(asker, "table.try") as look:
            plan = _plan(look, what, content, zone)
            look.answer(plan, Detail("table.name", table=what))
        return plan

    def take_table(self, asker: Asker, what: str, content: bytes, zone: ZoneInfo) -> Import | None:
        """Carry out the table, if it has no errors."""
        with self._acting.changing(asker, "table.take", rings=True) as change:
            plan = _plan(change, what, content, zone)
            if plan is None or not plan.may_be_done:
                change.refuse(Detail("table.name", table=what))
                return plan
            count = areas_csv_import.carry_out(change.conn, plan, by=change.by, now=change.now)
            change.done(Detail("table.lines", table=what, n=count))
        return plan


def _plan(look: Reading, what: str, content: bytes, zone: ZoneInfo) -> Import | None:
    conn, person_id, now = look.conn, look.asker.person_id, look.now
    if what == "rosters":
        if not _keeps_rosters(look):
            return None
        return oncall_csv_import.plan_rosters(conn, content, person_id=person_id, now=now)
    mine = _reach(look)
    if not mine:
        return None
    _, seen = queries.tended_places(conn, person_id, now)
    reach = Reach(mine, {row.id for row in seen})
    plans: dict[str, Callable[[], Import]] = {
        "areas": lambda: areas_csv_import.plan_areas(
            conn, content, zone=zone, reach=reach, now=now
        ),
        "cameras": lambda: areas_csv_import.plan_cameras(conn, content, reach=reach),
    }
    return plans[what]() if what in plans else None


def _keeps_rosters(look: Reading) -> bool:
    mine = tended_teams(look.asker.person_id, look.now).limit(1)
    return look.conn.execute(mine).first() is not None


def _reach(look: Reading) -> set[UUID]:
    """Areas whose border this person may change."""
    if look.asker.role != Role.KEEPER:
        return set()
    tended, _ = queries.tended_places(look.conn, look.asker.person_id, look.now)
    return tended


def _rows(look: Reading) -> list[AreaRow]:
    conn, mine = look.conn, _reach(look)
    counts = areas_rows.camera_counts(conn)
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
            cameras=counts[area_id],
        )
        for area_id, depth in queries.in_order(rows)
    ]
