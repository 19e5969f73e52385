"""Person detector: the PersonDetector port and the decoding of NanoDet's output."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Frame, Plane
from agent.vision.detect.clothes import Clothes
from agent.vision.detect.sheet import Part, Sheet
from agent.vision.geometry import NEAR, Box

Floats = NDArray[np.float32]
Numbers = NDArray[np.int_]

STRIDES = (8, 16, 32)
BINS = 11
PAD = 114
"""Letterbox grey of NanoDet's training."""
ROUNDING = 1e-6
"""A place this much before a pixel, in pixels, is that pixel."""
ALMOST_NEAR = 0.8 * NEAR
"""Height of a person's box from which vehicles are asked for: the track's box changes slowly."""
CUT_SHARE = 0.01
"""A box that ends within this share of the crop's side from its border is cut by it."""


class ObjectKind(StrEnum):
    """Object classes of the network, in the order of its labels.

    The wire has its own enum with the same names, because vision and wire do not depend on each
    other.
    """

    PERSON = "person"
    BICYCLE = "bicycle"
    CAR = "car"
    MOTORCYCLE = "motorcycle"
    BUS = "bus"
    TRUCK = "truck"


VEHICLES = frozenset({ObjectKind.CAR, ObjectKind.BUS, ObjectKind.TRUCK})
"""They only speak against people; see `agent.vision.detect.vehicles`."""
KINDS = tuple(ObjectKind)
"""By column of the network's scores; the model's adapter compares them with the manifest."""


@dataclass(frozen=True, slots=True)
class Detection:
    """One detection: `score` 0-1, `box` in shares of the whole frame."""

    kind: ObjectKind
    score: float
    box: Box
    clothes: Clothes | None = None
    """Filled in where tracks are joined by it."""
    wheels: ObjectKind | None = None
    """The vehicle this person rides; see `agent.vision.detect.riders`."""
    mount: Box | None = None
    """Box of that vehicle."""
    moved: float = 1.0
    """Share of its box with motion."""
    in_vehicle: bool = False
    """It may be a part of a car, a bus or a truck; see `agent.vision.detect.vehicles`."""


@dataclass(frozen=True, slots=True)
class DetectorSettings:
    """Thresholds of the detector."""

    score: float = 0.25
    """Lower scores (0-1) are dropped; the tracker has its own, higher thresholds."""
    vehicle_score: float = 0.15
    """The same for vehicles."""
    dark: float = 60.0
    """A part of the picture with a mean brightness below this (0-255) is brightened for the
    network."""
    lit: float = 90.0
    """Mean brightness (0-255) that a dark part is brightened to."""
    most_gain: float = 4.0
    """A dark part is brightened by at most this factor. Beyond it, black is noise."""
    nms_iou: float = 0.6
    """Of two overlapping boxes of a kind above this overlap, the better one stays."""
    kinds: frozenset[ObjectKind] = frozenset(
        {ObjectKind.PERSON, ObjectKind.BICYCLE, ObjectKind.MOTORCYCLE}
    )
    """People and two-wheelers; other classes are dropped, but for `VEHICLES` beside a near person:
    a part of a large vehicle can look like a near person."""


class PersonDetector(Protocol):
    """Finds people in a part of a frame."""

    @property
    def input_px(self) -> tuple[int, int]:
        """(height, width) of the network's input."""

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        """Best first. Boxes cut by a border of `region` inside the frame are left out. Beside a
        near person there may be `VEHICLES`, whole or cut.

        A `region` twice as wide and high as the frame shows all of it at half its size.
        """


@runtime_checkable
class SheetDetector(PersonDetector, Protocol):
    """Also looks at several parts at once."""

    def detect_sheet(self, frame: Frame, sheet: Sheet) -> list[Detection]:
        """Detections in all parts of the sheet, as from `detect`."""


class Network(Protocol):
    """The model: RGB in, raw output out."""

    @property
    def input_px(self) -> tuple[int, int]:
        """(height, width) of the input, multiples of 32."""

    def infer(self, rgb: Plane) -> tuple[Floats, Floats]:
        """Run the network. `rgb` is uint8 (height, width, 3). Returns scores float32 (cells,
        kinds), 0-1, and distances float32 (cells, 4 * BINS), logits."""


ToRgb = Callable[[Sequence[tuple[Plane, Part]], tuple[int, int]], Plane]
"""RGB, uint8 (height, width, 3), of a canvas of that size: I420 pictures scaled to their parts, on
the grey `PAD`, as `scaler.rgb` does."""


class NanoDet:
    """Decodes NanoDet (RangiLyu, Apache-2.0): centres + 0.5, softmax over distance bins."""

    def __init__(
        self, network: Network, to_rgb: ToRgb, settings: DetectorSettings | None = None
    ) -> None:
        self._network = network
        self._to_rgb = to_rgb
        self._settings = settings or DetectorSettings()
        self._cells = _cells(*network.input_px)
        kinds = self._settings.kinds
        self._columns = [i for i, kind in enumerate(KINDS) if kind in kinds]
        self._vehicles = [i for i, kind in enumerate(KINDS) if kind in VEHICLES - kinds]

    @property
    def input_px(self) -> tuple[int, int]:
        """(height, width) of the network."""
        return self._network.input_px

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        """Detections in `region`, by one inference. ValueError for an empty frame."""
        cut, (height, width) = _Cut.of(frame, region), self.input_px
        smaller = max(1.0, region.width)
        rows, columns = cut.size_within((round(height / smaller), round(width / smaller)))
        return self._look([(cut, Part(region, rows, columns))])

    def detect_sheet(self, frame: Frame, sheet: Sheet) -> list[Detection]:
        """Detections in all parts of the sheet, by one inference. ValueError for an empty frame."""
        return self._look([(_Cut.of(frame, part.box), part) for part in sheet.parts])

    def _look(self, shown: Sequence[tuple["_Cut", Part]]) -> list[Detection]:
        """Detections in cuts of a frame in their places, by one inference. Each belongs to the cut
        that has its middle."""
        canvas = self._to_rgb([(cut.yuv(), part) for cut, part in shown], self.input_px)
        for _, part in shown:
            self._brighten(canvas[part.y : part.y + part.rows, part.x : part.x + part.columns])
        layout, answer = _Layout.of(shown), self._network.infer(canvas)
        found = list(self._found(answer, self._columns, layout, self._settings.score))
        if any(one.kind is ObjectKind.PERSON and one.box.height >= ALMOST_NEAR for one in found):
            least_score = self._settings.vehicle_score
            found += self._found(answer, self._vehicles, layout, least_score, with_cut=True)
        return sorted(found, key=lambda one: -one.score)

    def _found(
        self,
        answer: tuple[Floats, Floats],
        columns: Sequence[int],
        layout: "_Layout",
        least_score: float,
        *,
        with_cut: bool = False,
    ) -> Iterator[Detection]:
        """Detections in the network's answer, of the kinds of these columns."""
        scores, distances = answer
        for column in columns:
            chosen = np.flatnonzero(scores[:, column] >= least_score)
            if len(chosen):
                boxes = _boxes(distances[chosen], self._cells[chosen])
                placed = layout.in_frame(scores[chosen, column], boxes, with_cut=with_cut)
                for score, box in _best(placed, self._settings.nms_iou):
                    yield Detection(KINDS[column], score, box)

    def _brighten(self, rgb: Plane) -> None:
        """Make a dark part brighter, because the network was trained on daylight."""
        settings = self._settings
        mean = float(rgb[:, :, 1].mean())  # green is most of the brightness
        if mean < settings.dark:
            gain = min(settings.most_gain, settings.lit / max(1.0, mean))
            rgb[:] = np.minimum(np.rint(np.arange(256) * gain), 255).astype(np.uint8)[rgb]


_Scored = tuple[float, Box]


def _best(found: list[_Scored], iou: float) -> list[_Scored]:
    """Non-maximum suppression, as `suppress`, before most of them are made detections."""
    kept: list[_Scored] = []
    for score, box in sorted(found, key=lambda one: -one[0]):
        if all(box.iou(other) <= iou for _, other in kept):
            kept.append((score, box))
    return kept


def suppress(found: Iterable[Detection], iou: float) -> list[Detection]:
    """Non-maximum suppression: the detections, best first, without those that overlap a better one
    of their kind by more than `iou`."""
    kept: list[Detection] = []
    for one in sorted(found, key=lambda d: -d.score):
        if all(one.kind != other.kind or one.box.iou(other.box) <= iou for other in kept):
            kept.append(one)
    return kept


@dataclass(frozen=True, slots=True)
class _Cut:
    """A part of an I420 frame with even edges, in pixels."""

    frame: Frame
    x0: int
    y0: int
    x1: int
    y1: int

    @classmethod
    def of(cls, frame: Frame, region: Box) -> "_Cut":
        frame.check()
        x0, x1 = _even_span(region.x0, region.x1, frame.width)
        y0, y1 = _even_span(region.y0, region.y1, frame.height)
        return cls(frame, x0, y0, x1, y1)

    def size_within(self, within: tuple[int, int]) -> tuple[int, int]:
        """The even (rows, columns) of the part, fitted into `within` (height, width)."""
        height, width = self.y1 - self.y0, self.x1 - self.x0
        scale = min(within[0] / height, within[1] / width)
        rows = min(within[0], max(2, round(height * scale / 2) * 2))
        columns = min(within[1], max(2, round(width * scale / 2) * 2))
        return rows, columns

    def yuv(self) -> Plane:
        """The part as I420; the frame's own picture where it is all of it."""
        height, width = self.y1 - self.y0, self.x1 - self.x0
        if (height, width) == (self.frame.height, self.frame.width):
            return self.frame.yuv
        part = np.empty((height * 3 // 2, width), np.uint8)
        part[:height] = self.frame.luma[self.y0 : self.y1, self.x0 : self.x1]
        half = slice(self.y0 // 2, self.y1 // 2), slice(self.x0 // 2, self.x1 // 2)
        tints = part[height:].reshape(2, height // 2, width // 2)
        for into, plane in zip(tints, self.frame.tints, strict=True):
            into[:] = plane[half]
        return part


@dataclass(frozen=True, slots=True)
class _Layout:
    """Cuts of a frame and their parts of the input, as arrays of (parts, 2 or 4)."""

    origin: Numbers
    size: Numbers
    cut_origin: Numbers
    cut_size: Numbers
    frame_size: Numbers
    is_inner: NDArray[np.bool_]
    """Array (parts, 4): which borders of each part lie inside the frame."""

    @classmethod
    def of(cls, shown: Sequence[tuple[_Cut, Part]]) -> "_Layout":
        frame = shown[0][0].frame
        return cls(
            np.array([(part.x, part.y) for _, part in shown]),
            np.array([(part.columns, part.rows) for _, part in shown]),
            np.array([(cut.x0, cut.y0) * 2 for cut, _ in shown]),
            np.array([(cut.x1 - cut.x0, cut.y1 - cut.y0) * 2 for cut, _ in shown]),
            np.array((frame.width, frame.height) * 2),
            np.array(
                [
                    (cut.x0 > 0, cut.y0 > 0, cut.x1 < frame.width, cut.y1 < frame.height)
                    for cut, _ in shown
                ]
            ),
        )

    def in_frame(self, scores: Floats, boxes: Floats, *, with_cut: bool) -> list[_Scored]:
        """Boxes (n, 4), in input pixels, in shares of the frame, part by part: those with their
        middle in a part, and unless `with_cut` not cut by its inner borders."""
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2 - self.origin[:, np.newaxis]
        is_own = ((middles >= 0) & (middles < self.size[:, np.newaxis])).all(axis=2)
        parts, own = np.nonzero(is_own)
        shares = (boxes[own] - np.tile(self.origin, 2)[parts]) / np.tile(self.size, 2)[parts]
        shares = shares.astype(np.float32)
        outside = np.concatenate([shares[:, :2] < CUT_SHARE, shares[:, 2:] > 1 - CUT_SHARE], axis=1)
        whole = ~(outside & self.is_inner[parts]).any(axis=1)
        kept = whole | with_cut
        parts, own, shares = parts[kept], own[kept], shares[kept].astype(np.float64)
        placed = (self.cut_origin[parts] + shares * self.cut_size[parts]) / self.frame_size
        inside = np.fmin(1.0, np.fmax(0.0, placed)).tolist()
        return [
            (score, Box(*sides)) for score, sides in zip(scores[own].tolist(), inside, strict=True)
        ]


def _even_span(low: float, high: float, length: int) -> tuple[int, int]:
    """Even pixels that cover [low, high] (shares of `length`), at least two, inside."""
    start = min(max(0, int(low * length + ROUNDING) // 2 * 2), length - 2)
    end = min(length, -(-round(high * length) // 2) * 2)
    return start, max(start + 2, end)


def _cells(height: int, width: int) -> Floats:
    """(cells, 3): centre x, centre y and stride, in network pixels."""
    grids = []
    for stride in STRIDES:
        y, x = np.mgrid[0 : height // stride, 0 : width // stride]
        centers = (np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * stride
        grids.append(np.column_stack([centers, np.full(len(centers), stride)]))
    return np.concatenate(grids).astype(np.float32)


def _boxes(distances: Floats, cells: Floats) -> Floats:
    """(n, 4): x0, y0, x1, y1 in network pixels, from logits (n, 4 * BINS) of `cells` (n, 3)."""
    logits = distances.reshape(-1, 4, BINS)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    steps = (weights * np.arange(BINS, dtype=np.float32)).sum(axis=2) / weights.sum(axis=2)
    sides = steps * cells[:, 2:3]
    return np.concatenate([cells[:, :2] - sides[:, :2], cells[:, :2] + sides[:, 2:]], axis=1)
