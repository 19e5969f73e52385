"""Pipeline of one frame: motion, looks, detections, tracks, sightings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from agent.media.frame import Frame, Instant
from agent.vision.budget import ANY, MOST_A_FRAME, Allowance, LookBudget
from agent.vision.describe.bodies import Calibration
from agent.vision.describe.describer import Describer
from agent.vision.detect.clothes import clothes
from agent.vision.detect.dense import Dense, DenseSettings
from agent.vision.detect.fitted import fitting
from agent.vision.detect.person import (
    VEHICLES,
    Detection,
    PersonDetector,
    SheetDetector,
    suppress,
)
from agent.vision.detect.regions import Regions, RegionSettings
from agent.vision.detect.riders import mounted
from agent.vision.detect.sheet import Sheet
from agent.vision.detect.vehicles import marked
from agent.vision.geometry import NEAR, SMALLER, WHOLE, Area, Box, Polygon, scale
from agent.vision.hours import Hours
from agent.vision.motion.daylight import Daylight, Sensitivity
from agent.vision.motion.finder import MotionFinder, MotionSettings
from agent.vision.motion.moved import NOTHING, Moved
from agent.vision.rules.places import Line, Zone
from agent.vision.rules.rules import Rules
from agent.vision.sightings.alerting import Alerting
from agent.vision.sightings.changes import Closed, SightingChange
from agent.vision.sightings.crowd import CrowdGauge
from agent.vision.sightings.sightings import Sightings, SightingSettings
from agent.vision.tamper.scenery import brightness_of
from agent.vision.tamper.tamper import Tamper, TamperChange
from agent.vision.track.attention import Attention, AttentionSettings
from agent.vision.track.lookalikes import LookAlikes
from agent.vision.track.opening import Opening
from agent.vision.track.track import Track
from agent.vision.track.tracker import Tracker, TrackSettings

SAME_IOU = 0.5
"""Boxes of two overlapping looks with more overlap than this are one body."""
SHOWN_PX = 14.0
"""A body lower than this in the network's input is often missed."""
HIDDEN_SHARE = 0.9
"""A person with this share in ignored parts of the picture counts as wholly inside: boxes shake."""


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """Settings of each stage."""

    motion: MotionSettings = field(default_factory=MotionSettings)
    regions: RegionSettings = field(default_factory=RegionSettings)
    attention: AttentionSettings = field(default_factory=AttentionSettings)
    tracks: TrackSettings = field(default_factory=TrackSettings)
    sightings: SightingSettings = field(default_factory=SightingSettings)
    ignored: tuple[Polygon, ...] = ()
    """No motion there; people wholly inside are ignored."""
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    """People who meet their rules are reported with the rule."""
    alert_hours: Hours | None = None
    """Outside these hours people are only recorded; None: always alert."""
    by_day: Sensitivity | None = None
    """None: values of `motion`, and all detections."""
    by_night: Sensitivity | None = None
    """None: as by day."""
    night_hours: Hours | None = None
    """None: the picture decides when it is night."""
    calibration: Calibration | None = None
    """None: no heights of people."""
    dense: DenseSettings = field(default_factory=DenseSettings)
    looks_per_s: float = 60.0
    """Inferences per second, if no budget is shared with other cameras."""


@dataclass(frozen=True, slots=True)
class FrameResult:
    """Result of the pipeline for one frame."""

    moved: tuple[Box, ...]
    detections: tuple[Detection, ...]
    tracks: tuple[Track, ...]
    changes: tuple[SightingChange, ...]
    inferences: int
    put_off: int = 0
    """Looks wanted but over budget."""
    tampering: TamperChange | None = None
    """Change of tampering, if any."""
    lookalikes: str | None = None
    """Known things that look like people, when they should be stored (`Pipeline.things`)."""
    faint: tuple[Detection, ...] = ()
    """Detections that are too weak to begin a track and belong to none."""
    track_score: float = 0.0
    """Score from which a detection would begin a track in this frame (0-1)."""
    ignored: tuple[Detection, ...] = ()
    """In ignored parts of the picture."""


class _Found(NamedTuple):
    """Detections of one frame, by what becomes of them."""

    bodies: tuple[Detection, ...]
    faint: tuple[Detection, ...]
    """Below the least score of the hour."""
    ignored: tuple[Detection, ...]


def _parts(looks: Sequence[Box | Sheet]) -> list[Box]:
    """All that they show."""
    return [
        box
        for one in looks
        for box in ([part.inner for part in one.parts] if isinstance(one, Sheet) else [one])
    ]


def _unmeasured(stage: str) -> None:
    """No measurement."""


def _unknown(at: Instant) -> datetime | None:
    """No trusted clock."""


@dataclass(slots=True)
class Pipeline:
    """Vision of one camera; used by one thread. `lap` gets the name of each finished stage."""

    motion: MotionFinder
    regions: Regions
    attention: Attention
    dense: Dense
    detector: PersonDetector
    fitted: tuple[PersonDetector, ...]
    tracker: Tracker
    sightings: Sightings
    crowd: CrowdGauge
    allowance: Allowance
    tamper: Tamper
    things: LookAlikes
    describer: Describer
    ignored: Area
    alerting: Alerting
    daylight: Daylight
    local: Callable[[Instant], datetime | None]
    opening: Opening = field(default_factory=Opening)
    lap: Callable[[str], None] = _unmeasured
    _waiting: Moved | None = None
    _has_looked: bool = False
    """Whether the board had time for a look at any frame so far."""
    _fits: dict[tuple[int, int, bool], PersonDetector] = field(default_factory=dict)
    """By the picture's height and width, and whether it is a crowd."""

    @classmethod
    def for_frames(
        cls,
        settings: PipelineSettings,
        detector: PersonDetector,
        new_id: Callable[[Instant], UUID],
        allowance: Allowance | None = None,
        local: Callable[[Instant], datetime | None] = _unknown,
        fitted: Sequence[PersonDetector] = (),
    ) -> "Pipeline":
        """A new pipeline; `new_id` makes sighting ids, `local` gives the local time of an instant,
        or None if the clock is not trusted.

        Without an `allowance` the settings' own budget holds. `fitted` are detectors for pictures
        of other shapes than the input of `detector`.
        """
        things = LookAlikes()
        by_day = settings.by_day or Sensitivity(settings.motion.ground.least_change)
        return cls(
            motion=MotionFinder(settings.motion, settings.ignored),
            regions=Regions(settings.regions, takes_sheets=isinstance(detector, SheetDetector)),
            attention=Attention(settings.attention),
            dense=Dense(settings.dense),
            detector=detector,
            fitted=tuple(fitted),
            tracker=Tracker(settings.tracks),
            sightings=Sightings(new_id, settings.sightings, things),
            things=things,
            describer=Describer(settings.calibration),
            crowd=CrowdGauge(settings.sightings.crowd),
            tamper=Tamper(new_id),
            ignored=Area(settings.ignored),
            alerting=Alerting(Rules(settings.zones, settings.lines), settings.alert_hours),
            daylight=Daylight(by_day, settings.by_night, settings.night_hours),
            local=local,
            allowance=allowance or LookBudget(settings.looks_per_s),
        )

    def step(self, frame: Frame) -> FrameResult:
        """Process one frame. Without motion and tracks there is no inference.

        Frames come in the order of their instants. ValueError for a misshapen frame, which changes
        nothing.
        """
        local = self._local_time(frame.at)
        is_first = self._waiting is None
        is_second = self._waiting is not None and bool(self._waiting.regions)
        enough = self.daylight.at(frame, local)
        self.motion.need(enough.least_change)
        moved = self._from_the_second_frame_on(self.motion.step(frame))
        self.lap("motion")
        tampering = self.tamper.step(frame, self.motion.means)
        self.lap("tamper")
        wanted = self._wanted(frame, moved)  # also counts the first frame, in which it wants none
        if is_second and self._has_looked and not self.tracker.tracks:  # it showed nobody just now
            wanted = tuple(one for one in wanted if one != WHOLE)
        regions, put_off = self._first_look(frame) if is_first else self._granted(frame, wanted)
        self._has_looked = self._has_looked or bool(regions)
        self.lap("regions")
        found = self._detections(frame, regions, moved=moved, least_score=enough.least_score)
        self.lap("model")
        tracks = self.tracker.step(
            frame.at,
            found.bodies,
            aspect=frame.width / frame.height,
            looked=_parts(regions),
            is_crowd=self.dense.is_on,
            shown_from=self._shown_from(frame),
        )
        self.lap("track")
        known = () if is_first else tracks
        changes = self._changes(frame, known, moved=moved, local=local)
        return FrameResult(
            moved.regions,
            found.bodies,
            tracks,
            changes,
            len(regions),
            put_off,
            tampering,
            self.things.to_be_kept(frame.at),
            faint=(*found.faint, *self.tracker.faint) if regions else (),
            track_score=max(enough.least_score, self.tracker.new_score),
            ignored=found.ignored,
        )

    def _first_look(self, frame: Frame) -> tuple[tuple[Box, ...], int]:
        """The whole picture, if the budget allows it: whoever is there has a track from the first
        frame on. It does not count for the times of later looks, or else a camera with fifteen
        frames a second would have none in the second."""
        granted = self.allowance.grant(frame.at, 1, self._detector(frame).input_px)
        return (WHOLE,)[:granted], 1 - granted

    def _granted(
        self, frame: Frame, wanted: tuple[Box | Sheet, ...]
    ) -> tuple[tuple[Box | Sheet, ...], int]:
        """The first of the wanted looks, as many as the budget allows, and the number of others."""
        input_px = self._detector(frame).input_px if wanted else ANY
        regions = wanted[: self.allowance.grant(frame.at, len(wanted), input_px)]
        where = self.dense if self.dense.is_on else self.regions
        where.looked(frame.at, regions)
        if regions:
            self.attention.looked(frame.at)
        self.opening.looked(regions)
        return regions, len(wanted) - len(regions)

    def _changes(
        self,
        frame: Frame,
        tracks: tuple[Track, ...],
        *,
        moved: Moved,
        local: datetime | None,
    ) -> tuple[SightingChange, ...]:
        """Changes of sightings, with rules and descriptions."""
        aspect = frame.width / frame.height
        self.things.see(frame)
        changes = self.sightings.advance(
            frame.at,
            tracks,
            moved=moved,
            crowd_of=self._crowd_of(frame.at),
            is_dense=self.dense.is_on,
        )
        changes = self.alerting.complete(
            changes, frame.at, tracks, sightings=self.sightings, aspect=aspect, local=local
        )
        self.lap("sighting")
        if changes or self.describer.is_due(frame.at):
            self.describer.see(frame, tracks, self.sightings.own_ids, aspect=aspect)
            changes = self._described(changes)
        self.lap("describe")
        return changes

    def _local_time(self, at: Instant) -> datetime | None:
        """Only if something needs it and the clock is trusted."""
        is_asked = self.alerting.asks_for_the_hour or self.daylight.asks_for_the_hour
        return self.local(at) if is_asked else None

    def _wanted(self, frame: Frame, moved: Moved) -> tuple[Box | Sheet, ...]:
        """Regions to look at, most needed first: around motion, or in dense mode tile by tile."""
        size_px = frame.height, frame.width
        self.dense.note(frame.at, [box.height for box in self.tracker.bodies(frame.at)])
        input_px = self._detector(frame).input_px
        packs = self.regions.packs(input_px)
        is_small = scale(input_px, size_px) >= 1  # the whole picture is looked at in its own size
        if not self.dense.is_on and not is_small:
            self.opening.see(frame)
        if packs and not self.dense.is_on and not self.attention.is_time(frame.at):
            return ()
        told = self.sightings.open_tracks
        tracks = self.tracker.expected(frame.at)
        if self.dense.is_on:
            bodies = [
                track.box
                for track in tracks
                if track.track_id in told or self.attention.is_likely(track)
            ]
            busy = (*moved.regions, *bodies)
            return self.dense.choose(
                frame.at, size_px, input_px=input_px, busy=busy, luma=brightness_of(frame)
            )
        known = [track for track in tracks if track.track_id in told]
        unknown = [track for track in tracks if track.track_id not in told]
        new = self.attention.strangers(unknown, moved=moved)
        looks = self.regions.choose(
            frame.at,
            size_px,
            input_px=input_px,
            moved=moved.regions,
            people=[*(track.box for track in known), *new],
            due=[*self.attention.due(frame.at, known, moved=moved), *new],
            sure=[track.box for track in known if track.misses == 0],
            is_rush=self.attention.is_rush(unknown, moved=moved),
        )
        if is_small:
            return looks
        first = self.opening.choose(
            frame,
            (*unknown, *self.tracker.faint) if self.regions.takes_sheets else (),
            told=known,
            strangers=len(unknown),
            besides=len(looks),
            input_px=input_px,
        )
        if self.opening.goes_first:
            return (*first, *looks)[:MOST_A_FRAME]
        return (*looks, *first)

    def _crowd_of(self, now: Instant) -> int:
        """Estimated size of a crowd; 0 without one."""
        return self.crowd.step(now, len(self.tracker.bodies(now)))

    def _detector(self, frame: Frame) -> PersonDetector:
        height, width, is_crowd = known = frame.height, frame.width, self.dense.is_on
        if known not in self._fits:
            fits = fitting(self.detector, self.fitted, (height, width), is_crowd=is_crowd)
            self._fits[known] = fits
        return self._fits[known]

    def _shown_from(self, frame: Frame) -> float:
        """Height of a body, in shares of the picture, from which the whole picture shows it large
        enough."""
        input_px = self._detector(frame).input_px
        return SHOWN_PX / (frame.height * scale(input_px, (frame.height, frame.width)))

    def _detections(
        self,
        frame: Frame,
        regions: Sequence[Box | Sheet],
        *,
        moved: Moved,
        least_score: float,
    ) -> _Found:
        """Everybody in the looks at these regions, once, with clothes and motion."""
        found = [one for region in regions for one in self._found(frame, region)]
        if len(_parts(regions)) > 1:
            found = suppress(found, SAME_IOU)
        found = [replace(one, moved=moved.share(one.box)) for one in found if one.box.area > 0]
        vehicles = [one for one in found if one.kind in VEHICLES]
        found = [one for one in found if one.kind not in VEHICLES]
        real = [one for one in found if one.score >= least_score]
        people = marked(mounted(real, self.tracker.parked), vehicles)
        weak = [one for one in found if one.score < least_score]
        return _Found(
            bodies=tuple(
                replace(one, clothes=clothes(frame, one.box))
                for one in people
                if not self._is_ignored(one)
            ),
            faint=tuple(one for one in weak if not self._is_ignored(one)),
            ignored=tuple(one for one in people if self._is_ignored(one)),
        )

    def _is_ignored(self, one: Detection) -> bool:
        return self.ignored.share_of(one.box) >= HIDDEN_SHARE

    def _found(self, frame: Frame, region: Box | Sheet) -> list[Detection]:
        """Detections in one look; at half the size only near bodies, the whole shows others
        better."""
        frame, detector = self.opening.shown(frame, region), self._detector(frame)
        if isinstance(region, Sheet):
            assert isinstance(detector, SheetDetector)  # noqa: S101 - only these get sheets
            return detector.detect_sheet(frame, region)
        found = detector.detect(frame, region)
        return found if region != SMALLER else [one for one in found if one.box.height >= NEAR]

    def _from_the_second_frame_on(self, moved: Moved) -> Moved:
        """Motion in the frame; the motion of the very first frame comes one frame later.

        A sighting of a person standing there at the start begins with the second frame, so that
        their clip has a frame from before.
        """
        if self._waiting is None:
            self._waiting = moved
            return NOTHING
        waiting, self._waiting = self._waiting, NOTHING
        return replace(moved, regions=(*waiting.regions, *moved.regions))

    def finish(self, at: Instant) -> tuple[SightingChange, ...]:
        """At the end of the stream, close every open sighting. If it is opened anew, who stands
        there is looked for again."""
        self.alerting.finish()
        self.opening = Opening()
        return self._described(self.sightings.finish(at))

    def _described(self, changes: Sequence[SightingChange]) -> tuple[SightingChange, ...]:
        """The ends of sightings with their descriptions."""
        return tuple(
            replace(change, description=self.describer.describe(change.sighting_id))
            if isinstance(change, Closed)
            else change
            for change in changes
        )
