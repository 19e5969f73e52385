"""`bench tiles`: effect of tiles, a low threshold and gain on synthetic junctions.

Each tenth picture of the two synthetic crowds (see `crowd.py`), by day and darkened, is given to a
node's networks for crowds: as a whole, then as four tiles and the whole, then as six. Without
tracks: detections of single frames only. Average precision at an overlap of 0.3, hidden or unsure
people left out. These are bodies of one recording on its own empty street, not a junction in
Vietnam: there are no riders and no lights, and the network was quantised to 8 bits on the same
scene.
"""

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from typing import Final

from agent.app.models import models_manifest
from agent.media.frame import Frame
from agent.replay.replay import REFUSED
from agent.replay.sight import Sight, sight
from agent.vision.detect.dense import grid
from agent.vision.detect.person import Detection, DetectorSettings, ObjectKind, suppress
from agent.vision.geometry import WHOLE, Box
from agent.vision.pipeline import SAME_IOU
from tests.bench.agent.scenes.command import REFUSALS, add_material, material
from tests.bench.agent.scenes.conditions import BY_NAME
from tests.bench.agent.scenes.crops import LEAST_SCORE, SURE, average_precision, scored
from tests.bench.agent.scenes.footage import Shown
from tests.bench.agent.scenes.play import Scene, frames_of

EVERY: Final = 10
WAYS: Final[dict[str, tuple[Box, ...]]] = {
    "whole": (),
    "whole and 2x2": grid(2, 2),
    "whole and 3x2": grid(3, 2),
}
SMALL_PX: Final = 30.0
"""A person below this height is far."""
LEAST: Final = 0.3
"""The least score of a detection that may begin a track in a crowd; elsewhere it is `SURE`."""


@dataclass(frozen=True, slots=True)
class Found:
    """Detections by one method in one scene."""

    scene: str
    way: str
    average_precision: float
    recall: float
    """Recall of all people, at a score of 0.4."""
    recall_at_least_score: float
    """Recall of all people, at 0.3."""
    recall_small: float
    """Recall of people under 30 px, at 0.3."""
    ghosts: float
    """False detections per picture, at 0.4."""
    ghosts_at_least_score: float
    """False detections per picture, at 0.3."""


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=run)
    add_material(parser)
    parser.add_argument("--every", type=int, default=EVERY, help="use every EVERYth picture")


def run(args: argparse.Namespace) -> int:
    """Run and print; 78 without recordings, truth or model."""
    kinds = frozenset({ObjectKind.PERSON})
    try:
        people = material(args.recordings, args.truth).people()
        manifest = models_manifest(args.models)
        lit = sight(manifest, finds=DetectorSettings(score=LEAST_SCORE, kinds=kinds))
        unlit = sight(manifest, finds=DetectorSettings(LEAST_SCORE, dark=0.0, kinds=kinds))
        scenes = [
            ("crowd", Scene("crowd", people["crowd"]), lit),
            ("dense", Scene("dense", people["dense"]), lit),
            ("dense, night", Scene("dense", people["dense"], BY_NAME["night"]), lit),
            ("dense, night, no gain", Scene("dense", people["dense"], BY_NAME["night"]), unlit),
        ]
        rows = [
            row for name, scene, seers in scenes for row in measure(name, scene, seers, args.every)
        ]
    except REFUSALS as error:
        print(f"bench tiles: {error}", file=sys.stderr)
        return REFUSED
    words = [asdict(row) for row in rows]
    print(json.dumps(words, indent=2) if args.json else table(rows))
    return 0


def measure(name: str, scene: Scene, seers: Sight, every: int) -> list[Found]:
    """Detections of each method over every `every`th picture, one row per method."""
    marks: dict[str, list[tuple[float, bool]]] = {way: [] for way in WAYS}
    small: dict[str, list[tuple[float, bool]]] = {way: [] for way in WAYS}
    asked = asked_small = pictures = 0
    for frame in frames_of(scene):
        if (frame.index - 1) % every:
            continue
        pictures += 1
        shown = scene.footage.shown(frame.index - 1)
        far = Shown(
            {who: box for who, box in shown.people.items() if box.height < SMALL_PX}, shown.unsure
        )
        asked, asked_small = asked + len(shown.people), asked_small + len(far.people)
        size_px = frame.height, frame.width
        for way, tiles in WAYS.items():
            found = tuple(looked(frame, seers, tiles))
            marks[way] += scored(found, shown, size_px)
            small[way] += scored(found, far, size_px)
    return [
        Found(
            scene=name,
            way=way,
            average_precision=round(average_precision(marks[way], asked), 3),
            recall=_share(marks[way], SURE, asked),
            recall_at_least_score=_share(marks[way], LEAST, asked),
            recall_small=_share(small[way], LEAST, asked_small),
            ghosts=_ghosts(marks[way], SURE, pictures),
            ghosts_at_least_score=_ghosts(marks[way], LEAST, pictures),
        )
        for way in WAYS
    ]


def looked(frame: Frame, seers: Sight, tiles: tuple[Box, ...]) -> list[Detection]:
    """Detections in the whole picture and in its tiles; duplicates are merged."""
    seer = seers.for_crowds((frame.height, frame.width))
    found = [one for part in (WHOLE, *tiles) for one in seer.detect(frame, part)]
    return suppress((one for one in found if one.kind is ObjectKind.PERSON), SAME_IOU)


def table(rows: list[Found]) -> str:
    """The results as a Markdown table."""
    heads = "scene", "looks", "AP", "recall .4", "recall .3", "under 30 px .3"
    lines = [f"| {' | '.join((*heads, 'ghosts .4', 'ghosts .3'))} |", "|" + " --- |" * 8]
    lines += [f"| {' | '.join(str(value) for value in asdict(row).values())} |" for row in rows]
    return "\n".join(lines)


def _share(marks: list[tuple[float, bool]], score: float, asked: int) -> float:
    return round(sum(is_hit for got, is_hit in marks if got >= score) / max(1, asked), 3)


def _ghosts(marks: list[tuple[float, bool]], score: float, pictures: int) -> float:
    wrong = sum(not is_hit for got, is_hit in marks if got >= score)
    return round(wrong / max(1, pictures), 2)
