"""`replay`: detection alone on one recording; writes its sightings and its cost.

Three files in the output folder: `tracks.txt` (MOTChallenge text), `sightings.jsonl` (one change a
line) and `summary.json`. If asked for, a fourth: `explain.html` tells who was not reported, late or
only as somebody else, and why.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final
from uuid import UUID

from agent.app.models import models_manifest
from agent.cameras.codec.jpeg import jpeg
from agent.cameras.file.camera import ReplayCamera
from agent.cameras.port import NOWHERE, CameraError
from agent.i18n import N_, speaker
from agent.inference.manifest import ModelError
from agent.media.frame import Frame, Instant
from agent.replay.sight import sight
from agent.replay.stages import Stages, peak_rss_mib
from agent.replay.tracks import TrackBook
from agent.vision.describe.description import Description
from agent.vision.explain.page import bounded_page
from agent.vision.explain.record import MissedRecord, RecordLimits
from agent.vision.pipeline import FrameResult, Pipeline, PipelineSettings
from agent.vision.rules.rules import RuleMet
from agent.vision.sightings.changes import Closed, Opened, SightingChange
from agent.wire.ident import uuid7

BROKEN_OFF = 1
"""Exit code: the recording ended early; the output holds the readable part."""
REFUSED = 78
"""Exit code: nothing could be processed, or nothing written; the reason is on stderr."""
EXPLAIN_LIMITS: Final = RecordLimits()
"""Memory and pictures as for a running camera; the whole recording, with pictures at once."""


def replay(
    path: Path,
    out: Path,
    *,
    pace: bool = False,
    model_dir: Path | None = None,
    model: str = "",
    settings: PipelineSettings | None = None,
    last_frame: int | None = None,
    explain: str | None = None,
) -> int:
    """Process the recording at `path` and write into the folder `out`; returns the exit code.

    A `model` that is named is used for all pictures. Stops after `last_frame` (counted from 1), as
    if the recording ended there. `explain` is the language of `explain.html`; None: it is not
    written.
    """
    try:
        manifest = models_manifest(model_dir)
        seers = sight(manifest, model)
        camera = ReplayCamera("replay", path, clock=lambda: Instant(0, 0), pace=False)
        if pace:
            camera = ReplayCamera("replay", path, clock=_now, pace=True)
        camera.open()
        out.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=out):  # or else it fails after the last frame
            pass
    except (CameraError, ModelError) as error:
        return _refused(str(error))
    except OSError as error:
        return _refused(_unwritable(out, error))
    pipeline = Pipeline.for_frames(
        settings or PipelineSettings(),
        seers.common,
        numbered_ids(),
        fitted=seers.fitted,
    )
    run = _Run(pipeline, MissedRecord(jpeg, EXPLAIN_LIMITS) if explain else None)
    code = run.through(camera, last_frame)
    try:
        run.write(out)
        if explain:
            run.explain(out / "explain.html", path.name, explain)
    except OSError as error:
        return _refused(_unwritable(out, error))
    return code


def _unwritable(out: Path, error: OSError) -> str:
    place = error.filename or out
    return f"{place} cannot be written ({error.strerror}). Name another folder with --out."


def _refused(sentence: str) -> int:
    print(f"replay: {sentence}", file=sys.stderr)  # noqa: T201 a command's answer
    return REFUSED


class _Run:
    """One pass: detection on all frames, with the records for the output."""

    def __init__(self, pipeline: Pipeline, missed: MissedRecord | None) -> None:
        self._missed = missed
        self._stages = Stages()
        pipeline.lap = self._stages.lap
        self._pipeline = pipeline
        self._book = TrackBook()
        self._told: set[int] = set()
        self._changes: list[tuple[int, SightingChange]] = []
        self._origin: Instant | None = None
        self._last = Instant(0, 0)
        self._frames = self._looked = self._inferences = self._detections = self._moved = 0
        self._put_off = 0
        self._broken = ""

    def through(self, camera: ReplayCamera, last_frame: int | None) -> int:
        """Process the camera's frames; an early end is reported on stderr."""
        try:
            for frame in camera.frames(NOWHERE, lambda: False):
                self._stages.lap("decode")
                self._keep(frame, self._pipeline.step(frame))
                self._stages.lap("books")
                if frame.index == last_frame:
                    break
        except CameraError as error:
            self._broken = str(error)
            print(f"replay: {error}", file=sys.stderr)  # noqa: T201 a command's answer
        self._changes += [(self._frames, change) for change in self._pipeline.finish(self._last)]
        return BROKEN_OFF if self._broken else 0

    def _keep(self, frame: Frame, look: FrameResult) -> None:
        self._origin = self._origin or frame.at
        self._last = frame.at
        self._frames = frame.index
        self._inferences += look.inferences
        self._put_off += look.put_off
        self._looked += look.inferences > 0
        self._moved += bool(look.moved)
        self._detections += len(look.detections)
        self._book.note(frame, look.tracks)
        self._changes += [(frame.index, change) for change in look.changes]
        self._told |= self._pipeline.sightings.open_tracks
        if self._missed is not None:
            self._missed.note(frame, look, self._pipeline.sightings)

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

    def explain(self, file: Path, name: str, language: str) -> None:
        """Write the page of whoever was not reported, or late; raises OSError."""
        assert self._missed is not None  # noqa: S101 - asked for at the start
        say, origin = speaker(language), self._origin or Instant(0, 0)
        broken = N_("The recording cannot be read to its end: {why}")
        notes = [say(broken).format(why=self._broken)] if self._broken else []
        page = bounded_page(
            self._missed.explanation(self._last),
            name,
            language=language,
            clock=lambda at: _clock(at.seconds_since(origin)),
            notes=notes,
        )
        file.write_bytes(page)


def _clock(span_s: float) -> str:
    """Time in the recording: 75.25 s is "1:15.25"."""
    minutes, seconds = divmod(round(100 * max(0.0, span_s)), 6000)
    return f"{minutes}:{seconds // 100:02d}.{seconds % 100:02d}"


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
