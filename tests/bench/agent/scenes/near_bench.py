"""`bench near`: how soon people are reported who fill most of the picture, and how often.

A person counts as told in time if a sighting opened within two seconds of the first frame that
shows all that will ever be seen of them, and its box holds most of that.

Bodies of labelled pictures are cut out by colour (GrabCut, Rother et al. 2004).
"""

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from agent.app.models import models_manifest
from agent.media.frame import Plane
from agent.replay.replay import REFUSED
from agent.replay.sight import Sight, sight
from agent.vision.geometry import Box
from tests.bench.agent.scenes.command import REFUSALS, add_material, material
from tests.bench.agent.scenes.footage import Footage
from tests.bench.agent.scenes.near import Body, Near, family, trimmed
from tests.bench.agent.scenes.play import Played, Scene, shown_to

WITHIN_S: Final = 2.0
HOLDS: Final = 0.6
"""Share of the person's visible box that lies in the sighting's box."""

Label = tuple[int, int, int, int]
"""Values x, y, width, height in pixels."""

LEAST_PX: Final = 260
"""A lower body is not enlarged."""
AROUND_PX: Final = 40
"""Background around a body, from which its colours are told apart."""
COVERS: Final = (0.3, 0.85)
"""A mask with another share of the label is not a body."""
ROUNDS: Final = 4


class Coming(Footage, Protocol):
    """Footage of one person."""

    @property
    def ready(self) -> int:
        """Index of the first frame that shows all that will ever be seen of them."""


@dataclass(frozen=True, slots=True)
class Told:
    """Reports of people in the scenes of one manner and one light."""

    name: str
    people: int
    in_time: int
    late: int
    """Told of after the two seconds, but before the end."""
    twice: int
    """Sightings beyond the first of each person."""
    false: int
    """Sightings elsewhere."""
    looks: int
    """Runs of the network."""

    def __add__(self, other: "Told") -> "Told":
        mine, theirs = asdict(self), asdict(other)
        return Told(**{k: v if k == "name" else v + theirs[k] for k, v in mine.items()})


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=run)
    add_material(parser)
    parser.add_argument(
        "--bodies",
        type=Path,
        metavar="FOLDER",
        help="also enlarge the people of this folder, labelled as for models/build/evaluate.py",
    )


def run(args: argparse.Namespace) -> int:
    """Run and print; 78 without recordings, truth, model or bodies."""
    try:
        street = material(args.recordings, args.truth).street
        seers = sight(models_manifest(args.models))
        others = bodies_of(args.bodies) if args.bodies else ()
    except REFUSALS as error:
        print(f"bench near: {error}", file=sys.stderr)
        return REFUSED
    rows = measure(family(street, others), seers)
    if args.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        print(table(rows))
    return 0


def measure(scenes: Iterable[Scene], seers: Sight) -> list[Told]:
    """One row for each manner and light, in the order of the scenes, and their sum."""
    rows: dict[str, Told] = {}
    for scene in scenes:
        if not isinstance(near := scene.footage, Near):
            raise TypeError(scene.name)
        name = f"{near.manner}, {scene.condition.name}"
        one = judged(near, shown_to(seers, scene), name)
        rows[name] = rows[name] + one if name in rows else one
    return [*rows.values(), total(rows.values())]


def total(rows: Iterable[Told]) -> Told:
    """Their sum."""
    return sum(rows, start=Told("all", 0, 0, 0, 0, 0, 0))


def judged(near: Coming, played: Played, name: str) -> Told:
    """The row of the table for one scene."""
    on_them = [frame for frame, one in played.opened if _is_on(near, frame, one.box)]
    waited_s = min(
        ((frame - 1 - near.ready) / near.frames_per_s for frame in on_them), default=None
    )
    return Told(
        name=name,
        people=1,
        in_time=waited_s is not None and waited_s <= WITHIN_S,
        late=waited_s is not None and waited_s > WITHIN_S,
        twice=max(0, len(on_them) - 1),
        false=len(played.opened) - len(on_them),
        looks=played.inferences,
    )


def table(rows: Iterable[Told], people: str = "near people") -> str:
    """The rows as a Markdown table."""
    lines = [
        f"| {people} | told in 2 s | later | twice | false | looks |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {row.in_time} of {row.people} | {row.late} | {row.twice} | {row.false}"
        f" | {row.looks} |"
        for row in rows
    ]
    return "\n".join(lines)


def _is_on(near: Coming, frame: int, box: Box) -> bool:
    """True if `box`, in shares of the picture, holds most of what is seen of the person."""
    height, width = near.size
    told = Box(box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height)
    shown = near.shown(frame - 1)
    return any(
        told.overlap(one) >= HOLDS * min(one.area, told.area)
        for one in (*shown.people.values(), *shown.unsure)
    )


def bodies_of(folder: Path) -> list[tuple[Body, ...]]:
    """Every tall body without another in the same columns, from `boxes.csv` (file,x,y,w,h) and its
    pictures; OSError if one cannot be read."""
    labels: defaultdict[str, list[Label]] = defaultdict(list)
    with (folder / "boxes.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            x, y, wide, tall = (round(float(row[name])) for name in "xywh")
            labels[row["file"]].append((x, y, wide, tall))
    found: list[tuple[Body, ...]] = []
    for name, boxes in sorted(labels.items()):
        alone = [one for one in boxes if one[3] >= LEAST_PX and _is_alone(one, boxes)]
        picture = _read(folder / name) if alone else None
        for one in alone:
            if picture is not None and (body := _cut(picture, one)) is not None:
                found.append((body,))
    return found


def _is_alone(label: Label, boxes: list[Label]) -> bool:
    x, _, wide, _ = label
    return all(one is label or x + wide <= one[0] or one[0] + one[2] <= x for one in boxes)


def _read(path: Path) -> Plane:
    picture = cv2.imread(str(path))
    if picture is None:
        raise OSError(f"The picture {path} cannot be read.")
    return np.asarray(picture, np.uint8)


def _cut(picture: Plane, label: Label) -> Body | None:
    """The body in the label; None if it cannot be told from its background."""
    x, y, wide, tall = label
    top, left = max(0, y - AROUND_PX), max(0, x - AROUND_PX)
    part = picture[top : y + tall + AROUND_PX, left : x + wide + AROUND_PX]
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.setRNGSeed(1)  # the colours begin with a draw
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(part, mask, (x - left, y - top, wide, tall), *models, ROUNDS, cv2.GC_INIT_WITH_RECT)
    is_body = (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)
    clean = cv2.morphologyEx(
        np.where(is_body, 255, 0).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    )
    low, high = COVERS
    if not low <= np.count_nonzero(clean) / (wide * tall) <= high:
        return None
    yuv = cv2.cvtColor(part, cv2.COLOR_BGR2YUV)
    yuv[:, :, 0] = 16 + yuv[:, :, 0] * (219 / 255)  # as cameras send it
    return trimmed(Body(np.asarray(yuv, np.uint8), np.asarray(clean, np.uint8)))
