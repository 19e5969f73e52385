"""Budget of looks per second: what the configuration allows and the board can take."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from agent.app.models import models_manifest
from agent.app.view import has_network
from agent.config.sections import AgentSettings
from agent.inference.litert import LitertModel
from agent.inference.pace import affordable_looks_per_s, measured_look_s
from agent.journal import Journal, JournalFull

KEY: Final = "look_cost"
"""Journal key under which the time of a look is stored."""

log = structlog.get_logger()


def looks_per_s(settings: AgentSettings, journal: Journal, board: str | None) -> float:
    """Looks per second for all cameras together.

    The time of a look is measured at the first start, and again on another `board` or with another
    model. Raises ModelError, JournalError.
    """
    detector = settings.detector
    if all(has_network(camera) for camera in settings.camera):
        return detector.looks_per_s
    manifest = models_manifest(Path(detector.models_dir) if detector.models_dir else None)
    measure = partial(_measured, manifest, detector.model)
    look_s = known_look_s(journal, f"{board} {detector.model}", measure)
    return min(detector.looks_per_s, affordable_looks_per_s(look_s))


def known_look_s(journal: Journal, place: str, measure: Callable[[], float]) -> float:
    """Seconds for a look, as remembered for this `place`, or else measured now. If the journal is
    full, the measurement is not stored and the node starts all the same."""
    try:
        words = json.loads(journal.remembered(KEY) or "")
        if words["place"] == place and float(words["look_s"]) > 0:
            return float(words["look_s"])
    except (ValueError, TypeError, KeyError):
        pass  # nothing, or nothing readable, was kept
    look_s = measure()
    try:
        journal.remember(KEY, json.dumps({"place": place, "look_s": round(look_s, 6)}))
    except JournalFull as error:  # the next start measures again
        log.warning("look_not_kept", reason=error.sentence, cure=error.cure)
    log.info(
        "look_measured",
        look_ms=round(look_s * 1000, 1),
        looks_per_s=round(affordable_looks_per_s(look_s), 1),
    )
    return look_s


def _measured(manifest: Path, model: str) -> float:
    """With a network of its own: the cameras' are loaded when they look."""
    return measured_look_s(LitertModel(manifest, model))
