"""One camera with its pipeline, its clips and its main loop."""

import os
from uuid import UUID
from zoneinfo import ZoneInfo

from agent.app.cameras import make_camera
from agent.app.described_camera import DescribedCamera
from agent.app.models import Models
from agent.app.recorders import make_recorder
from agent.board.clock import LocalTime, SystemClock
from agent.cameras.codec.jpeg import jpeg
from agent.cameras.codec.scaler import rgb
from agent.config.camera import NO_HORIZON, CameraSection
from agent.config.hours import hours
from agent.config.sections import AgentSettings
from agent.journal import Journal
from agent.media.frame import Instant
from agent.recording.continuous import Continuous
from agent.recording.recorder import Recorder
from agent.recording.recorder_fetch import RecorderFetch
from agent.recording.ring.preroll import Preroll, PrerollBounds
from agent.recording.ring.sound import SoundRing
from agent.recording.store.store import ClipStore
from agent.runtime.camera_loop import CameraLoop, lookalikes_key, tamper_key
from agent.runtime.health import CameraCounts
from agent.runtime.last_hour import LastHour
from agent.runtime.supervisor import Service
from agent.uplink.live.leases import LiveLeases
from agent.vision.budget import Allowance
from agent.vision.describe.bodies import Calibration
from agent.vision.detect.person import DetectorSettings, NanoDet, PersonDetector
from agent.vision.detect.sensed import SensedPeople
from agent.vision.picture import PictureStyle
from agent.vision.pipeline import Pipeline, PipelineSettings
from agent.vision.sightings.sightings import SightingSettings
from agent.wire.ident import uuid7

DECIDING_S = 5.0
"""Ring beside pre-roll and one group of pictures: a sighting is confirmed some seconds after its
person came into view, in a dense crowd up to five."""
LAGGING_S = 12.0
"""Further seconds of the ring while a disk hangs and clips wait."""
RING_BYTES_PER_S = 2**20


class View:
    """Everything made from one [[camera]] section."""

    def __init__(
        self,
        camera: CameraSection,
        settings: AgentSettings,
        *,
        models: Models,
        journal: Journal,
        store: ClipStore,
        clock: SystemClock,
        allowance: Allowance | None,
        plays_once: bool,
    ) -> None:
        self._section = camera
        sound = SoundRing() if camera.sound else None
        self.camera = DescribedCamera(
            make_camera(camera, clock.now, plays_once=plays_once, sound=sound),
            label=camera.label,
            sound=camera.sound,
        )
        ring = make_ring(settings.clips.preroll_s)
        self.recorder = Recorder(
            camera.name,
            ring,
            store,
            policy=settings.clips.policy(),
            new_id=new_id,
            sound=sound,
        )
        self.continuous = (
            Continuous(camera.name, ring, store, new_id=new_id, sound=sound)
            if camera.continuous
            else None
        )
        self.fetching = make_fetching(camera, store, journal, clock)
        pipeline = make_pipeline(camera, settings, models, allowance, clock)
        recall(pipeline, camera.name, journal, clock.now())
        self.watch = CameraLoop(
            self.camera,
            pipeline,
            self.recorder,
            store=store,
            journal=journal,
            now=clock.now,
            style=PictureStyle(),
        )
        self.last_hour = LastHour(jpeg, cameras=len(settings.camera), settings=evidence(settings))
        self.watch.explain_to(
            lambda frame, result: self.last_hour.note(frame, result, pipeline.sightings)
        )
        self._plays_once = plays_once

    def show_to(self, leases: LiveLeases) -> None:
        """Pass frames to live view."""
        self.watch.show_to(lambda frame: leases.offer(self._section.name, frame))

    @property
    def label(self) -> str:
        """Label of the camera for people."""
        return self._section.label or self._section.name

    @property
    def watch_name(self) -> str:
        """Service name of the main loop."""
        return f"watch-{self._section.name}"

    @property
    def recorder_name(self) -> str:
        """Service name of the clip recorder."""
        return f"clips-{self._section.name}"

    def counts(self) -> CameraCounts:
        """Counters of the camera."""
        counts = self.watch.counts
        return CameraCounts(
            camera=self._section.name,
            frames=counts.frames,
            frames_late=counts.frames_late,
            is_lost=self.watch.is_lost,
        )

    def services(self) -> tuple[Service, ...]:
        """Services of the view in start order: receivers of packets start before the camera."""
        return (
            Service(name=self.recorder_name, runs=self.recorder),
            *(
                (Service(name=f"continuous-{self._section.name}", runs=self.continuous),)
                if self.continuous
                else ()
            ),
            *(
                (
                    Service(
                        name=f"recorder-{self._section.name}",
                        runs=self.fetching,
                        beat_within_s=300,  # a slow recorder: each of ten answers takes its time
                    ),
                )
                if self.fetching
                else ()
            ),
            Service(
                name=self.watch_name,
                runs=self.watch,
                ends_by_itself=self._plays_once,
                beat_within_s=300 if has_network(self._section) else 30,  # it loads for minutes
            ),
        )


def make_ring(preroll_s: float) -> Preroll:
    """Newest packets of one camera, for clips and continuous recording."""
    span_s = preroll_s + LAGGING_S
    return Preroll(
        PrerollBounds(
            span_s=span_s,
            size_bytes=round(span_s * RING_BYTES_PER_S),
            rest_s=preroll_s + DECIDING_S,
        )
    )


def make_fetching(
    camera: CameraSection, store: ClipStore, journal: Journal, clock: SystemClock
) -> RecorderFetch | None:
    """Fetches from the camera's recorder; None if it has none."""
    if not camera.recorder:
        return None
    recorder = make_recorder(camera, lambda: clock.now().utc_us)
    return RecorderFetch(camera.name, recorder, store, journal, new_id=new_id)


def make_pipeline(
    camera: CameraSection,
    settings: AgentSettings,
    models: Models,
    allowance: Allowance | None,
    clock: SystemClock,
) -> Pipeline:
    """Pipeline of one camera, in front of the shared networks, limited by `allowance`; None: its
    sensor detects people, which takes no time of the board."""
    score = settings.detector.score
    by_day, by_night = camera.by_day(score), camera.by_night(score)
    finds = DetectorSettings(score=min(score, camera.night_score or score))
    common, fitted = _detectors(camera, models, finds)
    return Pipeline.for_frames(
        PipelineSettings(
            sightings=evidence(settings),
            ignored=camera.ignored,
            zones=tuple(zone.place() for zone in camera.zone),
            lines=tuple(line.place() for line in camera.line),
            alert_hours=hours(camera.alert_hours),
            by_day=by_day,
            by_night=by_night,
            night_hours=hours(camera.night_hours),
            calibration=calibration(camera),
        ),
        common,
        new_id,
        allowance,
        LocalTime(ZoneInfo(settings.node.time_zone), clock.trust, camera=camera.name),
        fitted,
    )


def evidence(settings: AgentSettings) -> SightingSettings:
    """Settings that say how much evidence a sighting needs."""
    return SightingSettings(evidence=settings.sighting.evidence)


def calibration(camera: CameraSection) -> Calibration | None:
    """Calibration to estimate heights of people; None if the mast's height or the horizon is not
    known."""
    if not camera.mast_height_m or camera.horizon == NO_HORIZON:
        return None
    return Calibration(camera.mast_height_m, camera.horizon)


def has_network(camera: CameraSection) -> bool:
    """True if the camera's sensor detects people itself."""
    return camera.pi is not None and bool(camera.pi.network)


def _detectors(
    camera: CameraSection, models: Models, finds: DetectorSettings
) -> tuple[PersonDetector, list[PersonDetector]]:
    """Detector for all pictures, and detectors for pictures whose shape differs from its input."""
    if has_network(camera):
        return SensedPeople(finds), []
    common, *fitted = (NanoDet(one, rgb, finds) for one in (models.common, *models.fitted))
    return common, list(fitted)


def recall(pipeline: Pipeline, camera: str, journal: Journal, now: Instant) -> None:
    """Restore what earlier runs learned of this camera's view, if the journal has it."""
    if memory := journal.remembered(tamper_key(camera)):
        pipeline.tamper.recall(memory, now)
    if memory := journal.remembered(lookalikes_key(camera)):
        pipeline.things.recall(memory, now)


def new_id(at: Instant) -> UUID:
    """Id for an event at `at`."""
    return uuid7(at.utc_us, os.urandom(10))
