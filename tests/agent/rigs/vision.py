"""Recordings, frames and detectors for tests of vision: small, generated, known to the pixel."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import av
import cv2
import numpy as np

from agent.media.frame import Frame, Instant, LooseFrame, Packet, Plane
from agent.vision.detect.person import Detection, ObjectKind
from agent.vision.geometry import WHOLE, Box, grid_slice
from agent.vision.motion.moved import Moved
from agent.vision.pipeline import Pipeline
from agent.vision.sightings.changes import Closed, Opened, Updated
from agent.vision.track.track import Track
from tests.agent.rigs.explained import Explained

START = Instant(5_000_000_000, 1_700_000_000_000_000)


def after(span_s: float) -> Instant:
    """`span_s` seconds after START."""
    return START.before(-span_s)


def tracked(box: Box, *, track_id: int = 1, **others: Any) -> Track:
    """A confirmed track of a person, seen in this box since START, who has walked."""
    known: dict[str, Any] = {
        "score": 0.7,
        "last_seen": after(0),
        "is_seen": True,
        "began_at": box.center,
        "travelled": 2.0,
    }
    return Track(
        track_id=track_id,
        kind=ObjectKind.PERSON,
        box=box,
        first_seen=after(0),
        hits=3,
        is_confirmed=True,
        **known | others,
    )


def moved_in(regions: Sequence[Box], shape: tuple[int, int] = (90, 160)) -> Moved:
    """Motion of all blocks in these regions, on a grid of (rows, columns)."""
    blocks = np.zeros(shape, np.uint8)
    for one in regions:
        if one != WHOLE:
            blocks[grid_slice(one, shape)] = 1
    return Moved(tuple(regions), blocks)


def luma_frame(luma: Plane, index: int = 1, frames_per_s: float = 10.0) -> Frame:
    """A grey frame with this brightness."""
    height, width = luma.shape
    yuv = np.full((height * 3 // 2, width), 128, np.uint8)
    yuv[:height] = luma
    return Frame(index, after((index - 1) / frames_per_s), yuv, width, height)


def loose_frame(luma: Plane, index: int = 1, frames_per_s: float = 10.0) -> LooseFrame:
    """The same as a decoder gives it."""
    whole = luma_frame(luma, index, frames_per_s)
    return LooseFrame(index, whole.at, luma, lambda: whole.yuv)


def moving_square(index: int, *, width: int = 128, height: int = 96) -> Plane:
    """A grey picture with a bright square that goes right by two pixels a frame."""
    picture = np.full((height, width), 90, np.uint8)
    x = 8 + 2 * index % (width - 40)
    picture[40:72, x : x + 16] = 200
    return picture


def record(
    path: Path,
    pictures: int,
    *,
    frames_per_s: int | Fraction = 10,
    b_frames: int = 0,
    faststart: bool = False,
) -> Path:
    """An H.264 file with a keyframe every 5 pictures."""
    options = {"movflags": "faststart"} if faststart else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=frames_per_s)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        stream.codec_context.options = {"g": "5", "bf": str(b_frames), "threads": "1"}
        stream.codec_context.time_base = 1 / Fraction(frames_per_s)
        for index in range(pictures):
            yuv = luma_frame(moving_square(index)).yuv
            frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def record_mjpeg(path: Path, pictures: int, *, frames_per_s: int = 10) -> Path:
    """Record video like a USB camera's: pictures, each compressed by itself."""
    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream("mjpeg", rate=frames_per_s)
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuvj420p"
        for index in range(pictures):
            yuv = luma_frame(moving_square(index)).yuv
            container.mux(stream.encode(av.VideoFrame.from_ndarray(yuv, format="yuvj420p")))
        container.mux(stream.encode())
    return path


def draw_pictures(folder: Path, numbers: Sequence[int], shape: tuple[int, int] = (96, 128)) -> Path:
    """Numbered grey PNGs; the brightness is the number."""
    folder.mkdir(exist_ok=True)
    for number in numbers:
        cv2.imwrite(str(folder / f"view_{number}.png"), np.full((*shape, 3), number, np.uint8))
    return folder


class Kept:
    """A sink that keeps all, and wants the packets of these numbers to be keyframes."""

    def __init__(self, *wanted: int, calm: bool = False) -> None:
        self.packets: list[Packet] = []
        self._calm = calm
        self._wanted = wanted

    def push(self, packet: Packet) -> None:
        self.packets.append(packet)

    def wants_keyframe(self) -> bool:
        return len(self.packets) in self._wanted

    def is_calm(self) -> bool:
        return self._calm


class SteppedClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []

    def __call__(self) -> Instant:
        return after(sum(self.slept_s))

    def sleep(self, span_s: float) -> None:
        self.slept_s.append(span_s)


class Seer:
    """A PersonDetector that sees what the test put into the street."""

    def __init__(self, people: Callable[[Frame], Sequence[Detection]], input_px: int = 320) -> None:
        self.people = people
        self.input_px = (input_px, input_px)
        self.regions: list[Box] = []

    def detect(self, frame: Frame, region: Box) -> list[Detection]:
        self.regions.append(region)
        return [one for one in self.people(frame) if one.box.overlap(region) >= 0.99 * one.box.area]


def person(x: float, y: float = 0.5, *, height: float = 0.2, score: float = 0.7) -> Detection:
    """Somebody whose center is at (x, y)."""
    width = height * 0.4
    box = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Detection(ObjectKind.PERSON, score, box)


def followed(pipeline: Pipeline, frames: Iterable[Frame], explained: Explained) -> None:
    """Play these frames: sightings open once, with a track that is seen, and end once, and all that
    is said of them lies in the picture. Whoever is not reported is explained."""
    open_ids, ever = set[UUID](), set[UUID]()
    at = after(0)
    for frame in frames:
        at = frame.at
        look = pipeline.step(frame)
        explained.note(frame, look, pipeline)
        tracks = {track.track_id: track for track in look.tracks}
        for change in look.changes:
            match change:
                case Opened():
                    assert change.sighting_id not in ever
                    assert tracks[change.track_id].is_seen
                    ever.add(change.sighting_id)
                    open_ids.add(change.sighting_id)
                case Closed():
                    open_ids.remove(change.sighting_id)
                case Updated():
                    assert change.sighting_id in open_ids
            if isinstance(change, Opened | Updated):
                assert change.box == change.box.clipped()
                assert {met.sighting_id for met in change.rules} <= {change.sighting_id}
        assert set(pipeline.sightings.open_ids.values()) == open_ids
    assert {change.sighting_id for change in pipeline.finish(at)} == open_ids
    explained.check(at)


def counted_ids() -> Callable[[Instant], UUID]:
    """1, 2, 3 …"""
    numbers = count(1)
    return lambda _: UUID(int=next(numbers))
