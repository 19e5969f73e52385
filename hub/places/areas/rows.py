"""Rows of areas as a keeper edits them: name, level, parent, and dates of validity.

Everything works in the caller's transaction. An area is never removed, so old recordings and grants
keep their area. An area that is no longer valid is not offered for anything new. Its cameras are
watched as before: no date may stop an alert.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from hub.access.grants import rows
from hub.access.rules.grants import at_or_above
from hub.base.audit import log
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.base.text.csv_table import MOST_CHARS
from hub.base.text.normalize import fold
from hub.nodes.desired_state import settings_rows
from hub.registry.areas import area_parents, areas_in_place
from hub.registry.tables import areas, cameras

NAME_CHARS: Final = MOST_CHARS
"""A table may use as many. A name cut here would not be found when the table is read again."""


class AreaFault(StrEnum):
    """Reasons why an area is refused."""

    NAME = "name"
    LEVEL = "level"
    TWICE = "twice"
    RING = "ring"
    PARENT = "parent"
    DAY = "day"
    DAYS = "days"


_SENTENCES: Final[Mapping[AreaFault, str]] = {
    AreaFault.NAME: "an area needs a name",
    AreaFault.LEVEL: "an area needs a level, such as commune or junction",
    AreaFault.TWICE: "there is an area of that name in the same place; choose another",
    AreaFault.RING: "an area cannot lie in itself or in one of its own",
    AreaFault.PARENT: "choose an area that it lies in",
    AreaFault.DAY: "a date is written 2026-11-25",
    AreaFault.DAYS: "its last day is before its first",
}


class AreaError(RegistryError):
    """Invalid entry; `fault` is the reason for a page, the text a sentence for the shell."""

    def __init__(self, fault: AreaFault) -> None:
        super().__init__(_SENTENCES[fault], f"area.{fault}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class AreaWords:
    """Entry of an area; start of the first day and end of the last day, UTC microseconds."""

    name: str
    level: str
    parent_id: UUID | None
    valid_from_utc_us: int | None = None
    """None: unchanged; for a new area: now."""
    valid_until_utc_us: int | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """Side effects of a change to an area."""

    ended_grants: int
    """Grants that no longer lie inside the grant they came from."""
    cameras: int
    """Cameras in the area and below it."""


def add(conn: Connection, words: AreaWords, *, by: By, now: Moment) -> UUID:
    """Add an area; returns its id."""
    name, level = _checked(conn, words, None, now)
    area_id = new_id(now)
    starts = words.valid_from_utc_us
    conn.execute(
        insert(areas).values(
            id=area_id,
            parent_id=words.parent_id,
            level=level,
            name=name,
            name_folded=fold(name),
            **columns("valid_from", now if starts is None else Moment(starts, 0)),
            **columns("valid_until", _maybe(words.valid_until_utc_us)),
        )
    )
    made = plain(name)
    log.note(conn, by, act="area.add", object_kind="area", object_id=area_id, detail=made, now=now)
    return area_id


def change(conn: Connection, area_id: UUID, words: AreaWords, *, by: By, now: Moment) -> Moved:
    """Change name, parent and dates."""
    before = conn.execute(select(areas).where(areas.c.id == area_id)).one()
    name, level = _checked(conn, words, before, now)
    values = {
        "name": name,
        "name_folded": fold(name),
        "level": level,
        "parent_id": words.parent_id,
        **columns("valid_until", _maybe(words.valid_until_utc_us)),
    }
    if words.valid_from_utc_us is not None:
        values |= columns("valid_from", Moment(words.valid_from_utc_us, 0))
    conn.execute(update(areas).where(areas.c.id == area_id).values(values))
    is_moved = before.parent_id != words.parent_id
    called = f"{before.name} → {name}" if before.name != name else name
    detail = plain(called)
    if is_moved:
        detail = Detail("area.moved", name=called, place=before.parent_id, place2=words.parent_id)
    log.note(
        conn, by, act="area.change", object_kind="area", object_id=area_id, detail=detail, now=now
    )
    ended = rows.end_strays(conn, by=by, now=now) if is_moved else 0
    if is_moved:
        settings_rows.area_moved(conn, area_id, now=now)
    return Moved(ended, camera_count(conn, area_id))


def camera_count(conn: Connection, area_id: UUID) -> int:
    """Cameras in the area and below it."""
    below = select(areas.c.id).where(areas.c.id == area_id).cte("area_below", recursive=True)
    below = below.union(select(areas.c.id).join(below, areas.c.parent_id == below.c.id))
    query = select(func.count()).select_from(cameras)
    return conn.scalar(query.where(cameras.c.area_id.in_(select(below.c.id)))) or 0


def camera_counts(conn: Connection) -> Counter[UUID]:
    """Cameras of every area, with those below it: a page of all areas asks once."""
    parents, found = area_parents(conn), Counter[UUID]()
    query = select(cameras.c.area_id, func.count().label("n")).group_by(cameras.c.area_id)
    for row in conn.execute(query):
        for above in at_or_above(row.area_id, parents):
            found[above] += row.n
    return found


def ends_after_it_begins(words: AreaWords, before: AnyRow | None, now: Moment) -> bool:
    """True if the dates are in order. Without a new start, the stored one counts; `before` is the
    row, None for a new area."""
    starts, ends = words.valid_from_utc_us, words.valid_until_utc_us
    if starts is None:
        starts = now.utc_us if before is None else before.valid_from_utc_us
    return ends is None or ends > starts


def _checked(
    conn: Connection, words: AreaWords, before: AnyRow | None, now: Moment
) -> tuple[str, str]:
    area_id = None if before is None else before.id
    name = text(" ".join(words.name.split()), NAME_CHARS)
    level = text(" ".join(words.level.split()), NAME_CHARS)
    if not fold(name):
        raise AreaError(AreaFault.NAME)
    if not level:
        raise AreaError(AreaFault.LEVEL)
    if not ends_after_it_begins(words, before, now):
        raise AreaError(AreaFault.DAYS)
    if words.parent_id is not None:
        if conn.scalar(select(areas.c.id).where(areas.c.id == words.parent_id)) is None:
            raise AreaError(AreaFault.PARENT)
        is_moved = before is not None and before.parent_id != words.parent_id
        if is_moved and area_id in at_or_above(words.parent_id, area_parents(conn)):
            raise AreaError(AreaFault.RING)
    if any(one != area_id for one in areas_in_place(conn, name, words.parent_id)):
        raise AreaError(AreaFault.TWICE)
    return name, level


def _maybe(utc_us: int | None) -> Moment | None:
    return None if utc_us is None else Moment(utc_us, 0)
