"""Names of areas with the names of those above them, and which areas may be chosen."""

from collections.abc import Callable, Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, bindparam, literal, or_, select

from hub.base.moment import Moment
from hub.base.text.normalize import fold
from hub.registry.tables import areas


def _places_query() -> Select[UUID, UUID, str]:
    start = select(
        areas.c.id.label("of_id"),
        areas.c.id,
        areas.c.parent_id,
        areas.c.name,
        literal(0).label("depth"),
    ).where(areas.c.id.in_(bindparam("area_ids", expanding=True)))
    above = start.cte("above", recursive=True)
    step = select(
        above.c.of_id, areas.c.id, areas.c.parent_id, areas.c.name, (above.c.depth + 1)
    ).join(above, areas.c.id == above.c.parent_id)
    # A cycle of areas, possible only by a fault, must not loop for ever.
    above = above.union_all(step.where(above.c.depth < 12))
    return select(above.c.of_id, above.c.id, above.c.name).order_by(above.c.depth)


_PLACES: Final = _places_query()


def lineages(conn: Connection, area_ids: Iterable[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """Id and name of each area and of the areas above it, from its own upward."""
    wanted = list(area_ids)
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for row in conn.execute(_PLACES, {"area_ids": wanted}) if wanted else ():
        found.setdefault(row.of_id, []).append((row.id, row.name))
    return found


def places(conn: Connection, area_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Each area's name with the names of the areas above: "Ngã tư 1, Khu phố 2, Tân Khai"."""
    found = lineages(conn, area_ids)
    return {area_id: ", ".join(name for _, name in parts) for area_id, parts in found.items()}


def camera_at(label: str, place: str) -> str:
    """A camera as people are told of it: a label alone, such as "Camera 1", is at many places."""
    return f"{label} · {place}" if place else label


def name_readings(said: str) -> list[tuple[str, str]]:
    """What a named area may mean: its folded name, and the area above, empty if none is named.

    "Quarter 3 / Tan Khai" is a Quarter 3 below Tan Khai. But a street may be called "Đường 30/4":
    the whole counts first, then each stroke may part the two.
    """
    strokes = [at for at, sign in enumerate(said) if sign == "/"]
    return [
        (fold(said), ""),
        *((fold(said[:at]), said[at + 1 :].strip()) for at in strokes),
    ]


def areas_meant(
    said: str,
    called: Callable[[str], list[UUID]],
    parent_of: Callable[[UUID], UUID | None],
) -> list[UUID]:
    """Areas of a said name, as `name_readings` reads it; `called`: those of a folded name."""
    for inner, outer in name_readings(said):
        found = called(inner)
        if found and outer:
            above = set(areas_meant(outer, called, parent_of))
            found = [one for one in found if parent_of(one) in above]
        if found:
            return found
    return []


def areas_in_place(conn: Connection, name: str, parent_id: UUID | None) -> list[UUID]:
    """Areas of this name directly below `parent_id` (None: at the top): one at most, except in a
    database of an older release."""
    here = areas.c.parent_id.is_not_distinct_from(parent_id)
    return list(conn.scalars(select(areas.c.id).where(areas.c.name_folded == fold(name), here)))


def area_parents(conn: Connection) -> dict[UUID, UUID | None]:
    """The parent of every area; None at the top."""
    return {row.id: row.parent_id for row in conn.execute(select(areas.c.id, areas.c.parent_id))}


def is_valid(now: Moment) -> ColumnElement[bool]:
    """SQL condition for areas that may be chosen for something new."""
    return (areas.c.valid_from_utc_us <= now.utc_us) & or_(
        areas.c.valid_until_utc_us.is_(None), areas.c.valid_until_utc_us > now.utc_us
    )
