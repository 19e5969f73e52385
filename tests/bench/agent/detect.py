"""`bench detect`: processor time of one detection in a frame, beside the bare model in the same
run.

For each model: one inference on a picture of its own size (the floor), and a whole detection in a
crop and in a whole 1080p frame: cutting, scaling, colours, inference and parsing of the output.
They run alternately, so that load on the machine affects all; medians of this process's processor
time.
"""

import argparse
import json
import statistics
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from agent.app.models import models_manifest
from agent.cameras.codec.scaler import rgb
from agent.inference.litert import LitertModel
from agent.inference.manifest import ModelError
from agent.vision.detect.person import NanoDet
from agent.vision.geometry import Box
from tests.bench.agent.motion import WALKERS, Street

FRAME: Final = (1080, 1920)
CROP: Final = Box(0.4, 0.3, 0.6, 0.3 + 0.2 * 16 / 9)
"""384 by 384 pixels, as around a distant person."""
WHOLE: Final = Box(0.0, 0.0, 1.0, 1.0)
WARMING: Final = 3
COUNTED: Final = 30


@dataclass(frozen=True, slots=True)
class DetectorCost:
    """Microseconds of processor time per detection, medians."""

    model_us: float
    crop_us: float
    whole_frame_us: float
    crop_times_model: float


def add_to(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.set_defaults(command=command)
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of the manifest")
    parser.add_argument("--json", action="store_true", help="print JSON")


def command(args: argparse.Namespace) -> int:
    """Measure and print every model of the manifest; 1 with the reason if one cannot be used."""
    manifest = models_manifest(args.models)
    try:
        costs = {name: measure(LitertModel(manifest, name)) for name in names(manifest)}
    except (ModelError, OSError) as error:
        print(f"bench detect: {error}", file=sys.stderr)
        return 1
    said = {name: asdict(cost) for name, cost in costs.items()}
    print(json.dumps(said, indent=2) if args.json else table(costs))
    return 0


def names(manifest: Path) -> list[str]:
    """Names of the models in the manifest."""
    return list(tomllib.loads(manifest.read_text(encoding="utf-8"))["model"])


def measure(model: LitertModel) -> DetectorCost:
    """Measure model, crop and whole frame alternately."""
    frame = Street(*FRAME).frame(0, WALKERS)
    picture = np.random.default_rng(0).integers(0, 255, (*model.input_px, 3), dtype=np.uint8)
    detector = NanoDet(model, rgb)
    looks: dict[str, Callable[[], object]] = {
        "model": lambda: model.infer(picture),
        "crop": lambda: detector.detect(frame, CROP),
        "whole": lambda: detector.detect(frame, WHOLE),
    }
    spent: dict[str, list[int]] = {name: [] for name in looks}
    for _ in range(WARMING + COUNTED):
        for name, look in looks.items():
            began_ns = time.process_time_ns()
            look()
            spent[name].append(time.process_time_ns() - began_ns)
    took = {name: statistics.median(of[WARMING:]) / 1000 for name, of in spent.items()}
    return DetectorCost(
        model_us=round(took["model"], 1),
        crop_us=round(took["crop"], 1),
        whole_frame_us=round(took["whole"], 1),
        crop_times_model=round(took["crop"] / took["model"], 2),
    )


def table(costs: dict[str, DetectorCost]) -> str:
    """The result as a table for people."""
    lines = [f"{'us a look':32}{'model':>10}{'crop':>10}{'whole':>10}{'crop x model':>14}"]
    lines += [
        f"{name:32}{cost.model_us:10.0f}{cost.crop_us:10.0f}{cost.whole_frame_us:10.0f}"
        f"{cost.crop_times_model:14.2f}"
        for name, cost in costs.items()
    ]
    return "\n".join(lines)
