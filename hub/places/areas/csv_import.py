"""Import of areas and cameras from a spreadsheet's table, with a preview.

The whole table is planned before anything is written. One wrong line refuses the whole table: half
a town is worse than none.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select, update

from hub.access.grants import rows as grants_rows
from hub.access.rules.grants import at_or_above
from hub.base.audit import log
from hub.base.audit.log import By
from hub.base.db.columns import AnyRow
from hub.base.moment import Moment
from hub.base.text.csv_import import Import, ImportPlan, ImportStep, RefusedError
from hub.base.text.csv_table import CsvFault, CsvLine, CsvLineFault, Table, is_number, read
from hub.base.text.normalize import fold
from hub.places.areas import rows as areas_rows
from hub.places.areas.rows import AreaWords
from hub.registry.areas import areas_meant, name_readings
from hub.registry.placing import placing
from hub.registry.registry import is_bearing
from hub.registry.tables import areas, cameras, nodes

AREA_NEEDED: Final = ("name", "level")
AREA_ALLOWED: Final = ("parent", "valid_from", "valid_until")
CAMERA_NEEDED: Final = ("node", "camera")
CAMERA_ALLOWED: Final = ("label", "area", "latitude", "longitude", "bearing")


@dataclass(frozen=True, slots=True)
class Reach:
    """Places the importing person may change; None: all, for the shell."""

    areas: Collection[UUID] | None = None
    cameras: Collection[UUID] | None = None

    def has_area(self, area_id: UUID | None) -> bool:
        """True if areas and cameras may be placed in this area; only the shell may use the top."""
        return self.areas is None or area_id in self.areas

    def has_camera(self, camera_id: UUID) -> bool:
        """True if the importing person may change the camera."""
        return self.cameras is None or camera_id in self.cameras


def carry_out(conn: Connection, plan: Import, *, by: By, now: Moment) -> int:
    """Carry out the plan; returns the number of lines that changed something."""
    todo = [step for step in plan.steps if step.done != "same"]
    for step in todo:
        step.write(conn, by, now)
    grants_rows.end_strays(conn, by=by, now=now)
    return len(todo)


class _Tree:
    """Existing areas and those of the table. Names are known only for areas the importing person
    looks after, and their parents: a table reveals no other area."""

    def __init__(self, conn: Connection, reach: Reach) -> None:
        self.rows: dict[UUID, Any] = {row.id: row for row in conn.execute(select(areas))}
        self.by_name: dict[str, list[UUID]] = {}
        self.new: dict[UUID, UUID | None] = {}
        self.written: dict[UUID, UUID] = {}
        parents = {row.id: row.parent_id for row in self.rows.values()}
        mine = self.rows if reach.areas is None else reach.areas
        known = frozenset[UUID]().union(*(at_or_above(one, parents) for one in mine))
        self.is_whole = len(known) == len(self.rows)
        for row in self.rows.values():
            if row.id in known:
                self.by_name.setdefault(row.name_folded, []).append(row.id)

    def parent_of(self, area_id: UUID) -> UUID | None:
        if area_id in self.new:
            return self.new[area_id]
        parent: UUID | None = self.rows[area_id].parent_id
        return parent

    def named(self, said: str) -> list[UUID]:
        """Areas with this name; "Quarter 3 / Tan Khai" is the Quarter 3 directly below Tan Khai."""
        return areas_meant(said, lambda name: self.by_name.get(name, []), self.parent_of)


def plan_areas(
    conn: Connection, content: bytes, *, zone: ZoneInfo, reach: Reach, now: Moment
) -> Import:
    """Effect of a table of areas: columns `name, level`, and optionally `parent, valid_from,
    valid_until` (dates). A parent may come later in the table."""
    table = read(content, needed=AREA_NEEDED, allowed=AREA_ALLOWED)
    tree = _Tree(conn, reach)
    found = ImportPlan(list(table.wrong))
    lines = list(table.lines)
    while lines:
        names = Counter(fold(line["name"]) for line in lines)
        later = [line for line in lines if _waits_for(line, names, tree)]
        if len(later) == len(lines):  # they wait for each other
            found.wrong += [
                CsvFault(one.number, CsvLineFault.PARENT, one["parent"]) for one in later
            ]
            break
        waiting = {line.number for line in later}
        for line in lines:
            if line.number not in waiting:
                found.take(partial(_area_step, line, tree, zone, reach, now))
        lines = later
    return found.plan()


def _waits_for(line: CsvLine, names: Mapping[str, int], tree: _Tree) -> bool:
    """True if its parent is another line that is not planned yet; `names` counts their names."""
    parent = line["parent"]
    if not parent or tree.named(parent):
        return False
    own = fold(line["name"])
    return any(names.get(one, 0) > (one == own) for one, _ in name_readings(parent))


def _area_step(line: CsvLine, tree: _Tree, zone: ZoneInfo, reach: Reach, now: Moment) -> ImportStep:
    name = line["name"]
    if not fold(name) or not line["level"]:
        raise RefusedError(CsvFault(line.number, CsvLineFault.NAME))
    parent_id = _parent(line, tree)
    same = [one for one in tree.by_name.get(fold(name), []) if tree.parent_of(one) == parent_id]
    if same and (same[0] in tree.new or tree.rows[same[0]].name != name):
        raise RefusedError(CsvFault(line.number, CsvLineFault.TWICE, name))
    if not _may(reach, tree, same[0] if same else None, parent_id):
        fault = CsvLineFault.TOP if parent_id is None else CsvLineFault.AREA
        raise RefusedError(CsvFault(line.number, fault, name))
    words = AreaWords(name, line["level"], parent_id, *_days(line, zone))
    there = tree.rows[same[0]] if same else None
    if there is not None and not line["valid_until"]:
        words = replace(words, valid_until_utc_us=there.valid_until_utc_us)
    if not areas_rows.ends_after_it_begins(words, there, now):
        raise RefusedError(CsvFault(line.number, CsvLineFault.DAYS))
    return _add_step(line, tree, words) if there is None else _change_step(line, there, words)


def _parent(line: CsvLine, tree: _Tree) -> UUID | None:
    if not line["parent"]:
        return None
    found = tree.named(line["parent"])
    if len(found) == 1:
        return found[0]
    missing = CsvLineFault.PARENT if tree.is_whole else CsvLineFault.AREA
    fault = CsvLineFault.PARENT_MANY if found else missing
    raise RefusedError(CsvFault(line.number, fault, line["parent"]))


def _days(line: CsvLine, zone: ZoneInfo) -> tuple[int | None, int | None]:
    try:
        return _moment(line["valid_from"], zone, 0), _moment(line["valid_until"], zone, 1)
    except ValueError as error:
        said = f"{line['valid_from']} {line['valid_until']}".strip()
        raise RefusedError(CsvFault(line.number, CsvLineFault.DAY, said)) from error


def _may(reach: Reach, tree: _Tree, area_id: UUID | None, parent_id: UUID | None) -> bool:
    if area_id is not None:
        return reach.has_area(area_id)
    return reach.areas is None or parent_id in tree.new or reach.has_area(parent_id)


def _change_step(line: CsvLine, row: AnyRow, words: AreaWords) -> ImportStep:
    is_same = (
        row.level == words.level
        and words.valid_from_utc_us in (None, row.valid_from_utc_us)
        and words.valid_until_utc_us == row.valid_until_utc_us
    )

    def write(conn: Connection, by: By, now: Moment) -> None:
        areas_rows.change(conn, row.id, words, by=by, now=now)

    return ImportStep(
        line.number, "same" if is_same else "change", words.name, line["parent"], write
    )


def _add_step(line: CsvLine, tree: _Tree, words: AreaWords) -> ImportStep:
    mark = UUID(int=len(tree.new) + 1)  # placeholder id of the area until it is written
    tree.new[mark] = words.parent_id
    tree.by_name.setdefault(fold(words.name), []).append(mark)
    written = tree.written

    def write(conn: Connection, by: By, now: Moment) -> None:
        parent = written.get(words.parent_id, words.parent_id) if words.parent_id else None
        written[mark] = areas_rows.add(conn, replace(words, parent_id=parent), by=by, now=now)

    return ImportStep(line.number, "add", words.name, line["parent"], write)


def _moment(text: str, zone: ZoneInfo, days: int) -> int | None:
    """Midnight (UTC microseconds) at the start of the day, `days` later; None for an empty text.
    Raises ValueError for an invalid date."""
    if not text:
        return None
    day = date.fromisoformat(text) if len(text) == 10 else None
    if day is None or not 1970 < day.year < 9000:
        raise ValueError(text)
    midnight = datetime.combine(day + timedelta(days=days), time(), zone)
    return round(midnight.timestamp()) * 1_000_000


def plan_cameras(conn: Connection, content: bytes, *, reach: Reach) -> Import:
    """Effect of a table of cameras: columns `node, camera`, and optionally `label, area, latitude,
    longitude, bearing` (degrees). An empty cell changes nothing."""
    table: Table = read(content, needed=CAMERA_NEEDED, allowed=CAMERA_ALLOWED)
    tree = _Tree(conn, reach)
    there = {
        (row.node_name, row.name): row
        for row in conn.execute(
            select(cameras, nodes.c.name.label("node_name")).join(
                nodes, nodes.c.id == cameras.c.node_id
            )
        )
    }
    known_nodes = {name for (name, _), row in there.items() if reach.has_camera(row.id)}
    known_nodes |= {
        row.name
        for row in conn.execute(select(nodes.c.name, nodes.c.area_id))
        if reach.has_area(row.area_id)
    }
    found = ImportPlan(list(table.wrong))
    seen: set[tuple[str, str]] = set()
    for line in table.lines:
        key = line["node"], line["camera"]
        if key in seen:
            found.wrong.append(CsvFault(line.number, CsvLineFault.TWICE, " / ".join(key)))
        elif line["node"] not in known_nodes:
            found.wrong.append(CsvFault(line.number, CsvLineFault.NODE, line["node"]))
        elif key not in there or not reach.has_camera(there[key].id):
            found.wrong.append(CsvFault(line.number, CsvLineFault.CAMERA, line["camera"]))
        else:
            found.take(partial(_camera_step, line, there[key], tree, reach))
        seen.add(key)
    return found.plan()


def _camera_step(line: CsvLine, row: AnyRow, tree: _Tree, reach: Reach) -> ImportStep:
    values: dict[str, object] = {}
    if line["label"]:
        values |= {"label": line["label"], "kept_label": line["label"]}
    if line["area"]:
        found = tree.named(line["area"])
        if len(found) != 1 or not reach.has_area(found[0]):
            fault = CsvLineFault.PARENT_MANY if len(found) > 1 else CsvLineFault.AREA
            raise RefusedError(CsvFault(line.number, fault, line["area"]))
        values["area_id"] = found[0]
    spot = line["latitude"], line["longitude"]
    if any(spot):
        for column, said, bound in zip(("latitude", "longitude"), spot, (90, 180), strict=True):
            if not is_number(said) or abs(float(said)) > bound:
                raise RefusedError(CsvFault(line.number, CsvLineFault.NUMBER, said or column))
            values[f"{column}_deg"] = float(said)
    if said := line["bearing"]:
        if not is_number(said) or not is_bearing(float(said)):
            raise RefusedError(CsvFault(line.number, CsvLineFault.BEARING, said))
        values["bearing_deg"] = float(said) % 360
    is_same = all(getattr(row, name) == value for name, value in values.items())

    def write(conn: Connection, by: By, now: Moment) -> None:
        conn.execute(update(cameras).where(cameras.c.id == row.id).values(values))
        log.note(
            conn,
            by,
            act="camera.place",
            object_kind="camera",
            object_id=row.id,
            detail=placing(values),
            now=now,
        )

    name = f"{line['node']} / {line['camera']}"
    return ImportStep(line.number, "same" if is_same else "change", name, line["area"], write)
