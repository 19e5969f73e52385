"""`bench delay`: wall time from a frame to the sighting that it confirms, in real time.

The labelled street is shown at 15 frames a second, each frame when it is due and only the newest,
as from a camera. The evidence needs some frames on any machine. The machine adds the time from the
arrival of the last of them to the sighting.
"""

import argparse
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from typing import Final

from agent.app.models import models_manifest
from agent.media.frame import Frame, Instant
from agent.replay.replay import REFUSED, numbered_ids
from agent.replay.sight import sight
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.changes import Opened
from tests.bench.agent.scenes.command import REFUSALS, add_material, material
from tests.bench.agent.scenes.footage import Street

FRAMES_PER_S: Final = 15.0
P95: Final = 0.95


@dataclass(frozen=True, slots=True)
class Delay:
    """The delays of one run."""

    frames: int
    frames_late: int
    """Skipped, because a newer one was due."""
    sightings: int
    evidence_frames_p50: float
    """Frames from the first detection of a body to the frame that confirms it, both counted."""
    beyond_ms_p50: float
    """Milliseconds from the arrival of that frame to the sighting."""
    beyond_ms_p95: float
    looks_per_s: float


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=run)
    add_material(parser)
    parser.add_argument("--looks", type=float, help="limit of looks per second")


def run(args: argparse.Namespace) -> int:
    """Run and print; 78 without recordings, truth or model."""
    try:
        street = material(args.recordings, args.truth).street
        seers = sight(models_manifest(args.models))
    except REFUSALS as error:
        print(f"bench delay: {error}", file=sys.stderr)
        return REFUSED
    settings = PipelineSettings(looks_per_s=args.looks or PipelineSettings().looks_per_s)
    pipeline = Pipeline.for_frames(
        settings,
        seers.common,
        numbered_ids(),
        fitted=seers.fitted,
    )
    delay = measure(pipeline, street)
    if args.json:
        print(json.dumps(asdict(delay), indent=2))
    else:
        print(
            f"{delay.sightings} sightings: {delay.evidence_frames_p50:g} frames of evidence, then"
            f" {delay.beyond_ms_p50:g} ms (p95 {delay.beyond_ms_p95:g} ms);"
            f" {delay.frames_late} of {delay.frames} frames late, {delay.looks_per_s:g} looks/s"
        )
    return 0


def measure(pipeline: Pipeline, street: Street) -> Delay:
    """One run over all frames, in real time."""
    began_s, index, late, looks = time.monotonic(), 0, 0, 0
    evidence: list[float] = []
    beyond_ms: list[float] = []
    while index < street.frames:
        due_s = began_s + index / FRAMES_PER_S
        time.sleep(max(0.0, due_s - time.monotonic()))
        at = Instant(round(index / FRAMES_PER_S * 1e9), round(index / FRAMES_PER_S * 1e6))
        height, width = street.size
        look = pipeline.step(Frame(index + 1, at, street.picture(index), width, height))
        looks += look.inferences
        for change in look.changes:
            if isinstance(change, Opened) and not change.is_crowd:
                evidence.append(at.seconds_since(change.first_seen) * FRAMES_PER_S + 1)
                beyond_ms.append((time.monotonic() - due_s) * 1000)
        newest = int((time.monotonic() - began_s) * FRAMES_PER_S)
        late += max(0, newest - index - 1)
        index = max(index + 1, newest)
    return Delay(
        frames=street.frames,
        frames_late=late,
        sightings=len(evidence),
        evidence_frames_p50=round(statistics.median(evidence or [0.0]), 1),
        beyond_ms_p50=round(statistics.median(beyond_ms or [0.0]), 1),
        beyond_ms_p95=round(_late(beyond_ms), 1),
        looks_per_s=round(looks / street.frames * FRAMES_PER_S, 1),
    )


def _late(values: list[float]) -> float:
    return sorted(values)[int(P95 * (len(values) - 1))] if values else 0.0
