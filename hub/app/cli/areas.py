"""Commands that import areas and cameras from a table, or show what they would do."""

import argparse
import sys
from collections.abc import Callable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from hub.app import stores
from hub.app.cli import entries
from hub.app.cli.core import OK, enter, say, settings_of
from hub.app.cli.parsing import Commands, command, existing_file_or_stdin, group
from hub.base.audit.log import SHELL
from hub.base.clock.clock import HubClock
from hub.base.text.csv_table import CsvFault, CsvLineFault
from hub.places.areas import csv_import
from hub.places.areas.csv_import import Reach
from hub.registry.registry import CameraPosition

WHY: Final[Mapping[CsvLineFault, str]] = {
    CsvLineFault.EMPTY: "there is nothing here: save the sheet with its header and a line",
    CsvLineFault.LARGE: "more than {what}: cut the table into several",
    CsvLineFault.ENCODING: "these letters are not UTF-8: save the sheet as CSV UTF-8",
    CsvLineFault.LETTER_LOST: "a letter was lost (\ufffd) when this was saved: type it again",
    CsvLineFault.COLUMN_MISSING: "the column {what!r} is missing: add it to the header",
    CsvLineFault.COLUMN_UNKNOWN: "no column is called {what!r}: rename or remove it",
    CsvLineFault.COLUMN_TWICE: "the column {what!r} is there twice: remove one",
    CsvLineFault.CELLS: "{what} cells: put a name that has a comma in quotes",
    CsvLineFault.QUOTES: "a quote is not closed: close it, or double a quote within a name",
    CsvLineFault.LONG: "{what!r} is too long: 200 letters at most",
    CsvLineFault.UNSEEN: "{what} stands in it, which cannot be seen: type the cell again",
    CsvLineFault.FORMULA: "{what!r} begins as a formula does: begin it with a letter",
    CsvLineFault.NAME: "a name or level is missing: fill it in",
    CsvLineFault.TWICE: "{what!r} is there twice, or is spelt otherwise: keep one",
    CsvLineFault.PARENT: "no area is called {what!r}: add a line for it, or correct it",
    CsvLineFault.PARENT_MANY: "several are called {what!r}: write it as NAME / ITS PARENT",
    CsvLineFault.TOP: "{what!r} lies in no area: name one",
    CsvLineFault.DAY: "{what!r} is no date: write it as 2026-11-25",
    CsvLineFault.DAYS: "it ends before it begins: change one of the dates",
    CsvLineFault.NUMBER: "{what!r} is no place: write degrees as 11.5362 and 106.4051",
    CsvLineFault.BEARING: "{what!r} is no bearing: write degrees, 0 for north, 90 for east",
    CsvLineFault.NODE: "no node is called {what!r}: correct it, or add it with: node add",
    CsvLineFault.CAMERA: "that node has no camera {what!r}: correct it, or start its agent once",
    CsvLineFault.AREA: "no area is called {what!r}: correct it",
}


def add_areas_to(verbs: Commands) -> None:
    """Add the commands of areas."""
    places = group(verbs, "area", "areas of the town")
    area = command(places, "add", add_area, "add an area")
    area.add_argument("name", help="the name of the area")
    area.add_argument(
        "--level", required=True, help="such as province, commune, quarter, street, junction"
    )
    area.add_argument("--parent", metavar="AREA", help="the area above it")
    _table(places, take_areas, "areas", "name,level,parent,valid_from,valid_until")


def add_cameras_to(verbs: Commands) -> None:
    """Add the commands of cameras."""
    cameras = group(verbs, "camera", "positions of cameras")
    _table(
        cameras,
        take_cameras,
        "cameras",
        "node,camera,label,area,latitude,longitude,bearing",
    )
    camera = command(cameras, "place", place_camera, "set the position of a camera")
    camera.add_argument("node", help="the name of its node")
    camera.add_argument("camera", help="its name at the node; known after the node's first start")
    for name in ("--latitude", "--longitude"):
        camera.add_argument(name, type=float, required=True, metavar="DEGREES", help="WGS 84")
    camera.add_argument(
        "--bearing", type=float, metavar="DEGREES", help="its direction: 0 is north, 90 is east"
    )
    camera.add_argument("--label", help="its name on pages, in place of the node's label")
    camera.add_argument("--area", help="its area, if it differs from the node's")


def _table(
    verbs: Commands,
    do: Callable[[argparse.Namespace], int],
    what: str,
    columns: str,
) -> None:
    take = command(verbs, "import", do, f"import {what} from a table")
    file = f"CSV in UTF-8 with the columns {columns}; - reads stdin"
    take.add_argument("file", type=existing_file_or_stdin, help=file)
    take.add_argument("--dry-run", action="store_true", help="only show the changes")


def add_area(args: argparse.Namespace) -> int:
    """Add an area."""
    return enter(
        args,
        lambda conn, now: entries.enter_area(
            conn, args.name, level=args.level, parent=args.parent, now=now
        ),
    )


def place_camera(args: argparse.Namespace) -> int:
    """Set a camera's position."""
    place = CameraPosition(args.latitude, args.longitude, args.bearing)
    return enter(
        args,
        lambda conn, now: entries.enter_camera(
            conn,
            args.node,
            args.camera,
            place=place,
            label=args.label,
            area=args.area,
            now=now,
        ),
    )


def take_areas(args: argparse.Namespace) -> int:
    """Import areas from a table."""
    return _take(args, "areas")


def take_cameras(args: argparse.Namespace) -> int:
    """Import names and positions of cameras from a table."""
    return _take(args, "cameras")


def _take(args: argparse.Namespace, what: str) -> int:
    """0 if it was done, or would be; 1 with each faulty line, and nothing changed."""
    content = sys.stdin.buffer.read() if str(args.file) == "-" else args.file.read_bytes()
    settings = settings_of(args)
    db, now = stores.database(settings), HubClock().now()
    try:
        with db.writing() as conn:
            if what == "areas":
                zone = ZoneInfo(settings.web.time_zone)
                plan = csv_import.plan_areas(conn, content, zone=zone, reach=Reach(), now=now)
            else:
                plan = csv_import.plan_cameras(conn, content, reach=Reach())
            for wrong in plan.wrong:
                say(sentence(wrong))
            if plan.wrong:
                say("nothing was changed")
                return 1
            if not args.dry_run:
                csv_import.carry_out(conn, plan, by=SHELL, now=now)
    finally:
        db.close()
    for step in plan.steps:
        say(f"line {step.line}: {step.done} {step.name}{f' in {step.place}' if step.place else ''}")
    say("nothing was changed: --dry-run" if args.dry_run else "done")
    return OK


def sentence(wrong: CsvFault) -> str:
    """A faulty line of a table in one sentence, with its cure."""
    return f"line {wrong.line}: {WHY[wrong.fault].format(what=wrong.what)}"
