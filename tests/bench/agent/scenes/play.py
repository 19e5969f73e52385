"""Runs detection on a scene; keeps the sightings and the cost."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from agent.media.frame import Frame, Instant
from agent.replay.replay import numbered_ids
from agent.replay.sight import Sight
from agent.replay.stages import Stages
from agent.replay.tracks import TrackBook
from agent.vision.detect.dense import DenseSettings
from agent.vision.detect.person import PersonDetector
from agent.vision.geometry import Box
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.changes import Opened
from tests.bench.agent.scenes.conditions import CLEAR, Condition
from tests.bench.agent.scenes.footage import Footage, Shown
from tests.bench.agent.scenes.shot import Shot
from tests.bench.agent.score import Rows, read_rows


@dataclass(frozen=True)
class Scene:
    """Footage under a condition, limited to its first `frames`."""

    name: str
    footage: Footage
    condition: Condition = CLEAR
    frames: int = 0
    """0 is all of the footage."""
    seed: int = 7
    is_whole_only: bool = False
    """The reference for crops: detection may use only the whole picture."""

    @property
    def length(self) -> int:
        """Number of frames in the scene."""
        return self.frames or self.footage.frames

    def frame(self, index: int) -> Frame:
        """The picture for detection, with exact media times."""
        rate = self.footage.frames_per_s
        yuv = self.condition.over(
            self.footage.picture(index), Shot(self.seed, index, frames_per_s=rate)
        )
        height, width = self.footage.size
        at = Instant(round(index / rate * 1e9), round(index / rate * 1e6))
        return Frame(index + 1, at, yuv, width, height)


@dataclass
class Played:
    """The result of one scene. Frames are counted from 1, as in a tracks file."""

    frames: int
    frames_per_s: float
    tracks: Rows = field(default_factory=dict)
    """Tracks of people with a sighting, by frame."""
    shown: dict[int, Shown] = field(default_factory=dict)
    opened: list[tuple[int, Opened]] = field(default_factory=list)
    crowds: list[tuple[int, Opened]] = field(default_factory=list)
    """The sightings that stand for a crowd."""
    laid: dict[UUID, list[tuple[int, Box]]] = field(default_factory=dict)
    """Frame and measured box, of every sighting of one person as long as it is open."""
    counted: list[tuple[int, int]] = field(default_factory=list)
    """Frame and track of every person counted in a crowd, without a sighting alone."""
    opening_cpu_ms: list[float] = field(default_factory=list)
    """Processor time from a frame's arrival to the sighting that it opened."""
    frames_moved: int = 0
    inferences: int = 0
    us_per_frame: dict[str, float] = field(default_factory=dict)
    """Processor time by stage, without making the pictures."""

    @property
    def hours(self) -> float:
        """Hours of media time."""
        return self.frames / self.frames_per_s / 3600


def play(
    scene: Scene,
    detector: PersonDetector,
    settings: PipelineSettings | None = None,
    *,
    fitted: Sequence[PersonDetector] = (),
) -> Played:
    """Play one scene once, with fresh detection state; see `Pipeline.for_frames`."""
    settings = settings or PipelineSettings()
    if scene.is_whole_only:  # with this setting no person is too small for a sighting
        settings = replace(
            settings,
            regions=replace(settings.regions, least_person_px=0.0, good_person_px=0.0),
            dense=DenseSettings(enter_bodies=math.inf),
        )
    pipeline = Pipeline.for_frames(settings, detector, numbered_ids(), fitted=fitted)
    stages = Stages()
    pipeline.lap = stages.lap
    book, told = TrackBook(), set[int]()
    played = Played(scene.length, scene.footage.frames_per_s)
    for frame in frames_of(scene):
        stages.lap("scene")
        began_ns = time.thread_time_ns()
        look = pipeline.step(frame)
        opened = [change for change in look.changes if isinstance(change, Opened)]
        if opened:
            played.opening_cpu_ms.append((time.thread_time_ns() - began_ns) / 1e6)
        played.opened += [(frame.index, change) for change in opened if not change.is_crowd]
        played.crowds += [(frame.index, change) for change in opened if change.is_crowd]
        played.inferences += look.inferences
        played.frames_moved += bool(look.moved)
        played.shown[frame.index] = scene.footage.shown(frame.index - 1)
        new = pipeline.sightings.open_tracks - told - {change.track_id for change in opened}
        played.counted += [(frame.index, track_id) for track_id in sorted(new)]
        told |= pipeline.sightings.open_tracks
        own = pipeline.sightings.own_ids
        for track in look.tracks:
            if track.is_seen and track.track_id in own:
                of_it = played.laid.setdefault(own[track.track_id], [])
                of_it.append((frame.index, track.box))
        book.note(frame, look.tracks)
        stages.lap("books")
    played.tracks = read_rows(book.text(told))
    costs = stages.us_per_frame(scene.length)
    played.us_per_frame = {
        stage: us for stage, us in costs.items() if stage not in ("scene", "books")
    }
    return played


def shown_to(seers: Sight, scene: Scene) -> Played:
    """The result of the scene with a node's networks."""
    return play(scene, seers.common, fitted=seers.fitted)


def frames_of(scene: Scene) -> Iterator[Frame]:
    """All frames of the scene."""
    return (scene.frame(index) for index in range(scene.length))
