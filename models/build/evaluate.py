"""Measures how well and how fast a model file finds persons.

usage: evaluate.py MODEL FOLDER [--size HEIGHTxWIDTH] [--set NAME ...] [--threshold 0.40] [--half]
       [--weather NAME]

FOLDER holds images.csv (file,width,height,n_persons) and boxes.csv (file,x,y,w,h in pixels).
The first folder in a file's name is the set it belongs to. Per set: average precision at an
overlap of 0.5 over everything scored above 0.05; precision and recall at the threshold; recall
by the height of the person, in the picture's pixels and in the network's.
"""

import argparse
import csv
import statistics
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from calibration import WEATHERS, Weather
from decode import Floats, Picture, iou, letterbox, persons
from model_file import ModelFile, pixels

FLOOR = 0.05
OVERLAP = 0.5
HEIGHTS_PX = (0, 40, 80, 160, 250, 10_000)


@dataclass(frozen=True)
class Unlabelled:
    """Which finds are not counted as false: real people whom a set's labels leave out."""

    bottom_above_px: float = 0
    height_below_px: float = 0

    def covers(self, found: Floats, zoom: float) -> np.ndarray:
        far = found[:, 3] < self.bottom_above_px * zoom
        small = found[:, 3] - found[:, 1] < self.height_below_px * zoom
        covered: np.ndarray = far | small
        return covered


UNLABELLED = {
    "pets": Unlabelled(bottom_above_px=150),  # people on the far lawn
    "tud": Unlabelled(height_below_px=110),  # the smallest label has 122 px
    "pennfudan": Unlabelled(height_below_px=150),  # bystanders; labels begin at 180 px
}


@dataclass(frozen=True)
class Truth:
    """One picture and its labelled persons, boxes x0, y0, x1, y1 in pixels [k, 4]."""

    name: str
    boxes: Floats

    @property
    def set(self) -> str:
        return self.name.split("/")[0]


@dataclass(frozen=True)
class Finds:
    """One picture's finds, best first, and what became of the labels.

    score, hit: per find that counts. best: per label the score of the find that met it, or -1.
    """

    score: Floats
    hit: np.ndarray
    best: Floats
    height_px: Floats
    network_height_px: Floats


def truths(folder: Path) -> list[Truth]:
    boxes: dict[str, list[list[float]]] = {row["file"]: [] for row in rows(folder / "images.csv")}
    for row in rows(folder / "boxes.csv"):
        x, y, w, h = (float(row[key]) for key in "xywh")
        boxes[row["file"]].append([x, y, x + w, y + h])
    return [Truth(n, np.array(b, np.float32).reshape(-1, 4)) for n, b in boxes.items()]


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def read(path: Path, zoom: float, weather: Weather) -> Picture:
    """RGB. The same weather falls on the same file each time."""
    bgr = cv2.imread(str(path))
    if bgr is None:
        raise FileNotFoundError(path)
    if zoom != 1:
        bgr = cv2.resize(bgr, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    random = np.random.default_rng(zlib.crc32(path.name.encode()))
    return weather(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), random)


def look(model: ModelFile, rgb: Picture, truth: Truth, zoom: float) -> Finds:
    picture, scale = letterbox(rgb, *model.size)
    answer = model(picture)
    found = persons(answer["scores"], answer["dist"], network=model.size, scale=scale, floor=FLOOR)
    high, wide = rgb.shape[:2]
    found[:, :4] = np.clip(found[:, :4], 0, [wide, high, wide, high])
    return match(found, truth, zoom, scale)


def match(found: Floats, truth: Truth, zoom: float, scale: float) -> Finds:
    """Each find, best first, takes the label it overlaps most among those still free."""
    labels = truth.boxes * zoom
    overlap = iou(found, labels)
    best = np.full(len(labels), -1.0)
    hit = np.zeros(len(found), bool)
    for index in range(len(found)):
        free = np.where(best < 0, overlap[index], 0)
        if len(free) and free.max() >= OVERLAP:
            hit[index] = True
            best[free.argmax()] = found[index, 4]
    counts = hit | ~UNLABELLED.get(truth.set, Unlabelled()).covers(found, zoom)
    height = labels[:, 3] - labels[:, 1]
    return Finds(found[counts, 4], hit[counts], best, height, height * scale)


def average_precision(score: Floats, hit: np.ndarray, labels: int) -> float:
    """Area under precision over recall, precision made non-increasing."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(hit[order])
    precision = hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(hits / labels, prepend=0) * envelope))


def report(name: str, finds: list[Finds], threshold: float) -> None:
    score = np.concatenate([f.score for f in finds])
    hit = np.concatenate([f.hit for f in finds])
    best = np.concatenate([f.best for f in finds])
    shown = score >= threshold
    print(
        f"{name}: {len(finds)} pictures, {len(best)} persons,"
        f" AP@0.5 {average_precision(score, hit, len(best)):.3f},"
        f" at {threshold:.2f} precision {hit[shown].sum() / max(shown.sum(), 1):.3f}"
        f" recall {(best >= threshold).mean():.3f}"
    )
    for unit, heights in (
        ("picture", np.concatenate([f.height_px for f in finds])),
        ("network", np.concatenate([f.network_height_px for f in finds])),
    ):
        print(f"  recall by height in {unit} pixels: {by_height(heights, best >= threshold)}")


def by_height(heights: Floats, met: np.ndarray) -> str:
    parts = []
    for low, high in pairwise(HEIGHTS_PX):
        among = met[(heights >= low) & (heights < high)]
        if len(among):
            upper = f"-{high}" if high != HEIGHTS_PX[-1] else " and more"
            parts.append(f"{low}{upper}: {among.mean():.2f} of {len(among)}")
    return "; ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Measures how well and how fast a model file finds persons."
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=pixels, metavar="HEIGHTxWIDTH", help="not the file's own")
    parser.add_argument("--set", action="append", help="only this set; may be repeated")
    parser.add_argument("--threshold", type=float, default=0.40)
    parser.add_argument("--half", action="store_true", help="pictures at half their size")
    parser.add_argument("--weather", choices=WEATHERS, default="clear", help="laid over, synthetic")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    model = ModelFile(options.model, options.size)
    zoom = 0.5 if options.half else 1
    finds: dict[str, list[Finds]] = {}
    for truth in truths(options.folder):
        if options.set is None or truth.set in options.set:
            rgb = read(options.folder / truth.name, zoom, WEATHERS[options.weather])
            finds.setdefault(truth.set, []).append(look(model, rgb, truth, zoom))
    for name, of_set in finds.items():
        report(name, of_set, options.threshold)
    print(f"{statistics.median(model.took_ms):.1f} ms per inference, one thread, median")


if __name__ == "__main__":
    main()
