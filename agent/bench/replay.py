"""`replay`: detection alone on one recording; writes its sightings and its cost.

Three files in the output folder: `tracks.txt` (MOTChallenge text), `sightings.jsonl` (one change a
line) and `summary.json`.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from uuid import UUID

from agent.app.models import models_manifest
from agent.bench.sight import sight
from agent.bench.stages import Stages, peak_rss_mib
from agent.bench.tracks import TrackBook
from agent.cameras.file.camera import ReplayCamera
from agent.cameras.port import NOWHERE, CameraError
from agent.inference.manifest import ModelError
from agent.media.frame import Frame, Instant
from agent.vision.describe.description import Description
from agent.vision.pipeline import FrameResult, Pipeline, PipelineSettings
from agent.vision.rules.rules import RuleMet
from agent.vision.sightings.changes import Closed, Opened, SightingChange
from agent.wire.ident import uuid7

BROKEN_OFF = 1
"""Exit code: the recording ended early; the output holds the readable part."""
REFUSED = 78
"""Exit code: nothing could be processed; the reason is on stderr."""


def replay(
    path: Path,
    out: Path,
    *,
    pace: bool = False,
    model_dir: Path | None = None,
    model: str = "",
    settings: PipelineSettings | None = None,
    last_frame: int | None = None,
) -> int:
    """Process the recording at `path` and write into the folder `out`; returns the exit code.

    A `model` that is named also replaces the models for wide pictures and for whole pictures of a
    crowd. Stops after `last_frame` (counted from 1), as if the recording ended there.
    """
    try:
        manifest = models_manifest(model_dir)
        seers = sight(manifest, model)
        camera = ReplayCamera("replay", path, clock=lambda: Instant(0, 0), pace=False)
        if pace:
            camera = ReplayCamera("replay", path, clock=_now, pace=True)
        camera.open()
        out.mkdir(parents=True, exist_ok=True)
    except (CameraError, ModelError, OSError) as error:
        print(f"replay: {error}", file=sys.stderr)  # noqa: T201 a command's answer
        return REFUSED
    pipeline = Pipeline.for_frames(
        settings or PipelineSettings(),
        seers.common,
        numbered_ids(),
        whole_detector=seers.whole,
        fitted=seers.fitted,
    )
    run = _Run(pipeline)
    code = run.through(camera, last_frame)
    run.write(out)
    return code


class _Run:
    """One pass: detection on all frames, with the records for the output."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._stages = Stages()
        pipeline.lap = self._stages.lap
        self._pipeline = pipeline
        self._book = TrackBook()
        self._told: set[int] = set()
        self._changes: list[tuple[int, SightingChange]] = []
        self._origin: Instant | None = None
        self._frames = self._looked = self._inferences = self._detections = self._moved = 0
        self._put_off = 0
        self._broken = ""

    def through(self, camera: ReplayCamera, last_frame: int | None) -> int:
        """Process the camera's frames; an early end is reported on stderr."""
        last = Instant(0, 0)
        try:
            for frame in camera.frames(NOWHERE, lambda: False):
                self._stages.lap("decode")
                self._keep(frame, self._pipeline.step(frame))
                last = frame.at
                self._stages.lap("books")
                if frame.index == last_frame:
                    break
        except CameraError as error:
            self._broken = str(error)
            print(f"replay: {error}", file=sys.stderr)  # noqa: T201 a command's answer
        self._changes += [(self._frames, change) for change in self._pipeline.finish(last)]
        return BROKEN_OFF if self._broken else 0

    def _keep(self, frame: Frame, look: FrameResult) -> None:
        self._origin = self._origin or frame.at
        self._frames = frame.index
        self._inferences += look.inferences
        self._put_off += look.put_off
        self._looked += look.inferences > 0
        self._moved += bool(look.moved)
        self._detections += len(look.detections)
        self._book.note(frame, look.tracks)
        self._changes += [(frame.index, change) for change in look.changes]
        self._told |= self._pipeline.sightings.open_tracks

    def write(self, out: Path) -> None:
        """Write the three files."""
        opened = [c for _, c in self._changes if isinstance(c, Opened)]
        (out / "tracks.txt").write_text(self._book.text(self._told), encoding="utf-8")
        origin = self._origin or Instant(0, 0)
        lines = (
            json.dumps(_words(frame, change, origin)) + "\n" for frame, change in self._changes
        )
        (out / "sightings.jsonl").write_text("".join(lines), encoding="utf-8")
        frames = self._frames
        summary = {
            "frames": frames,
            "frames_moved": self._moved,
            "frames_looked_at": self._looked,
            "inferences": self._inferences,
            "inferences_per_frame": round(self._inferences / max(1, frames), 4),
            "looks_put_off": self._put_off,
            "detections": self._detections,
            "tracks": len(self._told),
            "sightings_opened": len(opened),
            "sightings_closed": sum(isinstance(c, Closed) for _, c in self._changes),
            "cpu_us_per_frame": self._stages.us_per_frame(frames),
            "describe_us_per_sighting": round(
                self._stages.spent_ns.get("describe", 0) / 1000 / max(1, len(opened))
            ),
            "peak_rss_mib": peak_rss_mib(),
            "broken_off": self._broken or None,
        }
        (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def _words(frame: int, change: SightingChange, origin: Instant) -> dict[str, object]:
    """A change as JSON: its fields, ids as text, instants as seconds from the first frame."""
    words: dict[str, object] = {"change": type(change).__name__.lower(), "frame": frame}
    if not isinstance(change, Closed):
        words["rules"] = [_rule(one) for one in change.rules]
    for name in change.__dataclass_fields__:
        if name == "rules":
            continue
        value = getattr(change, name)
        if isinstance(value, Instant):
            words[f"{name}_s"] = round(value.seconds_since(origin), 6)
        elif isinstance(value, Description):
            words[name] = asdict(value)
        elif is_dataclass(value) and not isinstance(value, type):
            words[name] = {key: round(share, 5) for key, share in asdict(value).items()}
        else:
            words[name] = str(value) if isinstance(value, UUID) else value
    return words


def _rule(met: RuleMet) -> dict[str, object]:
    return {
        "rule": met.kind,
        "place": met.place,
        "seconds": met.seconds,
        "people": met.people,
        "towards": met.towards,
    }


def numbered_ids() -> Callable[[Instant], UUID]:
    """Ids that are the same in every run, so that two runs of one recording can be compared."""
    count = 0

    def new_id(at: Instant) -> UUID:
        nonlocal count
        count += 1
        return uuid7(at.utc_us, count.to_bytes(10, "big"))

    return new_id


def _now() -> Instant:
    return Instant(time.monotonic_ns(), time.time_ns() // 1000)
