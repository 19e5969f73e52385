"""Boxes of an enrolment sheet from a spreadsheet's table: one line for each camera.

The whole table is read before anything is made. One wrong line refuses all of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Connection, select

from agent.wire.enrolment import EnrolledCamera
from agent.wire.ident import is_name
from agent.wire.terms import LABEL_CHARS
from hub.access.scope import tended_area_ids
from hub.base.moment import Moment
from hub.base.text.csv_import import RefusedError
from hub.base.text.csv_table import CsvFault, CsvLine, CsvLineFault, is_number, read
from hub.base.text.normalize import fold
from hub.nodes.enrolment.camera_sources import camera_of
from hub.nodes.enrolment.rows import MOST_CAMERAS
from hub.registry.areas import lineages, name_readings
from hub.registry.registry import RESERVED, is_bearing
from hub.registry.tables import nodes

NEEDED: Final = ("node", "area")
ALLOWED: Final = ("camera", "source", "label", "latitude", "longitude", "bearing")
MOST_BOXES: Final = 300
"""More codes than this make no sheet that somebody carries around."""

Position = tuple[float | None, float | None, float | None]
"""Latitude, longitude and bearing in degrees; None: not given."""


@dataclass(slots=True)
class PlannedBox:
    """A box of the sheet, with the cameras that its lines name."""

    node: str
    area_id: UUID
    place: str
    is_known: bool
    """The code is for another board of a box that the hub knows."""
    cameras: list[EnrolledCamera] = field(default_factory=list)
    positions: dict[str, Position] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SheetPlan:
    """The boxes that a table would make, or all its faults."""

    boxes: tuple[PlannedBox, ...]
    wrong: tuple[CsvFault, ...]

    @property
    def cameras(self) -> int:
        """Number of cameras of all boxes."""
        return sum(len(box.cameras) for box in self.boxes)


@dataclass(frozen=True, slots=True)
class _Known:
    """Areas that the person looks after, with those above, and the area of each known node."""

    areas: Mapping[UUID, list[tuple[UUID, str]]]
    nodes: Mapping[str, UUID]

    def named(self, said: str) -> list[UUID]:
        """Areas with this name; "Ngã tư 1 / Tân Khai" lies below a Tân Khai."""
        for inner, outer in name_readings(said):
            above = fold(outer)
            found = [
                area_id
                for area_id, parts in self.areas.items()
                if fold(parts[0][1]) == inner
                and (not above or any(fold(name) == above for _, name in parts[1:]))
            ]
            if found:
                return found
        return []


def plan_sheet(conn: Connection, content: bytes, *, person_id: UUID, now: Moment) -> SheetPlan:
    """The boxes that a table asks for, in areas that this person looks after."""
    table = read(content, needed=NEEDED, allowed=ALLOWED)
    known = _Known(
        lineages(conn, tended_area_ids(conn, person_id, now)),
        {row.name: row.area_id for row in conn.execute(select(nodes.c.name, nodes.c.area_id))},
    )
    wrong, boxes = list(table.wrong), dict[str, PlannedBox]()
    for line in table.lines:
        try:
            _add(line, boxes, known)
        except RefusedError as refused:
            wrong.append(refused.wrong)
    if len(boxes) > MOST_BOXES:
        wrong.append(CsvFault(1, CsvLineFault.BOXES_MANY, str(MOST_BOXES)))
    wrong.sort(key=lambda one: one.line)
    return SheetPlan(() if wrong else tuple(boxes.values()), tuple(wrong))


def _add(line: CsvLine, boxes: dict[str, PlannedBox], known: _Known) -> None:
    name = line["node"].lower()
    if not is_name(name) or name in RESERVED:
        raise _refused(line, CsvLineFault.BOX_NAME, line["node"])
    box = boxes.get(name)
    if box is None:
        area_id = _area(line, known)
        if known.nodes.get(name, area_id) != area_id:
            raise _refused(line, CsvLineFault.BOX_PLACE, name)
        place = ", ".join(part for _, part in known.areas[area_id])
        box = boxes[name] = PlannedBox(name, area_id, place, name in known.nodes)
    elif line["area"] and _area(line, known) != box.area_id:
        raise _refused(line, CsvLineFault.BOX_PLACE, name)
    elif not line["camera"]:
        raise _refused(line, CsvLineFault.TWICE, name)
    if line["camera"]:
        _add_camera(line, box)
    elif any(line[column] for column in ALLOWED):
        raise _refused(line, CsvLineFault.CAMERA_NAME, "")


def _area(line: CsvLine, known: _Known) -> UUID:
    found = known.named(line["area"])
    if len(found) != 1:
        fault = CsvLineFault.PARENT_MANY if found else CsvLineFault.AREA
        raise _refused(line, fault, line["area"])
    return found[0]


def _add_camera(line: CsvLine, box: PlannedBox) -> None:
    name = line["camera"].lower()
    if not is_name(name):
        raise _refused(line, CsvLineFault.CAMERA_NAME, line["camera"])
    if any(one.name == name for one in box.cameras):
        raise _refused(line, CsvLineFault.TWICE, f"{box.node} / {name}")
    if len(box.cameras) == MOST_CAMERAS:
        raise _refused(line, CsvLineFault.CAMERAS_MANY, str(MOST_CAMERAS))
    if len(line["label"]) > LABEL_CHARS:
        raise _refused(line, CsvLineFault.LABEL, str(LABEL_CHARS))
    try:  # a source may hold a password: a fault names the camera alone
        camera = camera_of(f"{name}={line['source']}")
        told = EnrolledCamera.model_validate(camera.model_dump() | {"label": line["label"]})
    except (ValueError, ValidationError) as error:
        raise _refused(line, CsvLineFault.SOURCE, f"{box.node} / {name}") from error
    position = _position(line)
    box.cameras.append(told)
    if any(one is not None for one in position):
        box.positions[name] = position


def _position(line: CsvLine) -> Position:
    spot = line["latitude"], line["longitude"]
    if any(spot):
        for said, column, bound in zip(spot, ("latitude", "longitude"), (90, 180), strict=True):
            if not is_number(said) or abs(float(said)) > bound:
                raise _refused(line, CsvLineFault.NUMBER, said or column)
    bearing = line["bearing"]
    if bearing and not (is_number(bearing) and is_bearing(float(bearing))):
        raise _refused(line, CsvLineFault.BEARING, bearing)
    latitude, longitude = (float(said) if said else None for said in spot)
    return latitude, longitude, float(bearing) % 360 if bearing else None


def _refused(line: CsvLine, fault: CsvLineFault, what: str) -> RefusedError:
    return RefusedError(CsvFault(line.number, fault, what[:60]))


def camera_names(cameras: Iterable[EnrolledCamera]) -> str:
    """Labels or names of the cameras, for a list."""
    return ", ".join(one.label or one.name for one in cameras)
