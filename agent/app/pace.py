"""Time of a look on this board with each network, measured once."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from agent.app.models import FITTED_MODELS, models_manifest
from agent.app.view import has_network
from agent.cameras.codec.scaler import rgb
from agent.config.sections import AgentSettings
from agent.inference.budget import InferenceBudget, purses
from agent.inference.grids import FOLDER
from agent.inference.litert import LitertModel
from agent.inference.manifest import read_entry
from agent.inference.pace import measured_look_s
from agent.journal import Journal, JournalFull
from agent.media.frame import Frame, Instant
from agent.vision.budget import InputSize
from agent.vision.detect.person import NanoDet
from agent.vision.geometry import WHOLE

KEY: Final = "look_cost"
"""Journal key under which the times of looks are stored."""
SIZE: Final = (1080, 1920)
"""Height and width of the picture that is looked at."""

log = structlog.get_logger()


def look_times(
    settings: AgentSettings, journal: Journal, board: str | None
) -> dict[InputSize, float]:
    """Processor seconds of a look with each of the node's networks, by the network's input.

    They are measured at the first start, and again on another `board`, with another model file or
    another runtime. Raises ModelError, JournalError.
    """
    detector = settings.detector
    if all(has_network(camera) for camera in settings.camera):
        return {}
    manifest = models_manifest(Path(detector.models_dir) if detector.models_dir else None)
    names = (detector.model,) if detector.model else ("", *FITTED_MODELS)
    kept = settings.journal.path.parent / FOLDER
    entries = {name: read_entry(manifest, name) for name in names}
    times = known_times(
        journal,
        f"{board} {version('ai-edge-litert')}",
        {one.sha256: partial(_measured, manifest, name, kept) for name, one in entries.items()},
    )
    return {one.input_px: times[one.sha256] for one in entries.values()}


def allowances(
    settings: AgentSettings, look_s: Mapping[InputSize, float]
) -> dict[str, InferenceBudget]:
    """Budgets of looks, by the name of the camera. A camera whose sensor detects people has none:
    its looks take no time of the board, and must not hold up those of others."""
    sharing = [one.name for one in settings.camera if not has_network(one)]
    budgets = purses(settings.detector.looks_per_s, len(sharing), look_s)
    return dict(zip(sharing, budgets, strict=True))


def known_times(
    journal: Journal, place: str, measures: Mapping[str, Callable[[], float]]
) -> dict[str, float]:
    """Seconds of a look with each model file (by SHA-256), as remembered for this `place`, or else
    measured now. If the journal is full, they are not stored and the node starts all the same."""
    known = _remembered(journal, place)
    if known.keys() >= measures.keys():
        return known
    times = {file: known.get(file) or measure() for file, measure in measures.items()}
    words = {file: round(look_s, 6) for file, look_s in times.items()}
    try:
        journal.remember(KEY, json.dumps({"place": place, "look_s": words}))
    except JournalFull as error:  # the next start measures again
        log.warning("look_not_kept", reason=error.sentence, cure=error.cure)
    log.info("look_measured", look_ms=[round(look_s * 1000, 1) for look_s in times.values()])
    return times


def _remembered(journal: Journal, place: str) -> dict[str, float]:
    """Times by model file; empty if nothing, or nothing readable, was stored for this place."""
    try:
        words = json.loads(journal.remembered(KEY) or "")
        times = {file: float(look_s) for file, look_s in words["look_s"].items()}
        return times if words["place"] == place and min(times.values()) > 0 else {}
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}


def _measured(manifest: Path, model: str, kept: Path) -> float:
    """With a network of its own: the cameras' are loaded when they look. A look is the scaling, the
    network and the reading of its answers."""
    detector = NanoDet(LitertModel(manifest, model, kept), rgb)
    height, width = SIZE
    stripes = np.resize(np.arange(251, dtype=np.uint8), (height * 3 // 2, width))
    frame = Frame(1, Instant(0, 0), stripes, width, height)
    return measured_look_s(lambda: detector.detect(frame, WHOLE))
