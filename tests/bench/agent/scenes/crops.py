"""`bench crops`: accuracy of crops of an HD picture, beside the whole picture.

The labelled street stands unscaled in 1920x1080 of its own mirrored empty picture, so that people
are 29-116 of 1080 pixels high. Average precision is that of the detections at an overlap of 0.3,
the limit of the truth's accuracy; hidden or cut-off people count neither for nor against.
"""

import argparse
import json
import math
import sys
from dataclasses import asdict, dataclass, replace
from typing import Final

from agent.app.models import models_manifest
from agent.replay.replay import REFUSED, numbered_ids
from agent.replay.sight import Sight, sight
from agent.vision.detect.dense import DenseSettings
from agent.vision.detect.person import Detection, DetectorSettings, ObjectKind
from agent.vision.detect.regions import RegionSettings
from agent.vision.geometry import Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.track.attention import AttentionSettings
from agent.vision.track.opening import Opening, OpeningSettings
from tests.bench.agent.scenes.command import REFUSALS, add_material, material
from tests.bench.agent.scenes.footage import Footage, Shown
from tests.bench.agent.scenes.heights import Far
from tests.bench.agent.scenes.judge import ABOUT, MATCH_IOU
from tests.bench.agent.scenes.play import Scene, frames_of

STREET_PX: Final = (576, 768)
HD_PX: Final = (1080, 1920)
LEAST_SCORE: Final = 0.05
SURE: Final = 0.4
"""Detections from this score on count for recall."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Accuracy and cost of one detection method."""

    average_precision: float
    recall: float
    looks_per_frame: float


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=run)
    add_material(parser)
    parser.add_argument("--frames", type=int, default=395, help="number of frames (395)")


def run(args: argparse.Namespace) -> int:
    """Run both methods and print; 78 without recordings, truth or model."""
    try:
        street = material(args.recordings, args.truth).street
        finds = DetectorSettings(score=LEAST_SCORE, kinds=frozenset({ObjectKind.PERSON}))
        seers = sight(models_manifest(args.models), finds=finds)
    except REFUSALS as error:
        print(f"bench crops: {error}", file=sys.stderr)
        return REFUSED
    footage = Far(street, size_px=STREET_PX, canvas_px=HD_PX)
    rows = {
        "crops": measure(footage, seers, args.frames, is_whole_only=False),
        "whole picture only": measure(footage, seers, args.frames, is_whole_only=True),
    }
    if args.json:
        print(json.dumps({name: asdict(row) for name, row in rows.items()}, indent=2))
    else:
        for name, row in rows.items():
            print(
                f"{name}: average precision {row.average_precision:.3f},"
                f" recall {row.recall:.3f}, {row.looks_per_frame:.2f} looks a frame"
            )
    return 0


def measure(footage: Footage, seers: Sight, frames: int, *, is_whole_only: bool) -> Worth:
    """Accuracy of detection on the first `frames`; each is searched for all people."""
    settings = PipelineSettings(
        looks_per_s=1000.0,
        regions=RegionSettings(vain_every_s=0.0),
        attention=AttentionSettings(walking_every_s=0.0, standing_every_s=0.0),
        dense=DenseSettings(enter_bodies=math.inf),
    )
    if is_whole_only:
        wholly = replace(settings.regions, least_person_px=0.0, good_person_px=0.0)
        settings = replace(settings, regions=wholly)
    pipeline = Pipeline.for_frames(settings, seers.common, numbered_ids(), fitted=seers.fitted)
    # The looks at a camera's start belong to neither method.
    pipeline.opening = Opening(OpeningSettings(most_strangers=-1))
    marks: list[tuple[float, bool]] = []
    asked = looks = 0
    for frame in frames_of(Scene("hd", footage, frames=frames)):
        look = pipeline.step(frame)
        shown = footage.shown(frame.index - 1)
        looks += look.inferences
        asked += len(shown.people)
        marks += scored(look.detections, shown, (frame.height, frame.width))
    hits = sum(is_hit for score, is_hit in marks if score >= SURE)
    return Worth(
        round(average_precision(marks, asked), 3),
        round(hits / max(1, asked), 3),
        round(looks / frames, 2),
    )


def average_precision(scored: list[tuple[float, bool]], asked: int) -> float:
    """Area under precision by recall; the precision at a point is the best from there on."""
    hits, area, best = sum(is_hit for _, is_hit in scored), 0.0, 0.0
    for count, (_, is_hit) in zip(range(len(scored), 0, -1), sorted(scored), strict=True):
        best = max(best, hits / count)
        if is_hit:
            area += best
            hits -= 1
    return area / max(1, asked)


def scored(
    found: tuple[Detection, ...], shown: Shown, size_px: tuple[int, int]
) -> list[tuple[float, bool]]:
    """Each detection's score and whether it is a person; detections of unsure people are left
    out."""
    height, width = size_px
    free = dict(shown.people)
    marks: list[tuple[float, bool]] = []
    for one in sorted(found, key=lambda find: -find.score):
        box = one.box
        px = Box(box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height)
        best = max(free, key=lambda person: free[person].iou(px), default=None)
        if best is not None and free[best].iou(px) >= MATCH_IOU:
            del free[best]
            marks.append((one.score, True))
        elif not any(px.overlap(other) >= ABOUT * px.area for other in shown.unsure):
            marks.append((one.score, False))
    return marks
