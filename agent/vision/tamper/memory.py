"""Memory of a view across a restart, as text of 10 to 60 kB."""

import base64
import json
import zlib
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from agent.media.frame import Instant
from agent.vision.tamper.judge import Tampering
from agent.vision.tamper.scenery import CELLS, Usual

VERSION: Final = 1
BY_DAY: Final = {False: "colour", True: "grey"}


@dataclass(frozen=True, slots=True)
class ReportedTamper:
    """Tampering that was reported and is not over."""

    tamper_id: UUID
    what: Tampering
    since: Instant


def memory_of(said: ReportedTamper | None, usual: dict[bool, Usual]) -> str:
    """The memory of a view as text."""
    views = {BY_DAY[is_grey]: _view(one) for is_grey, one in usual.items()}
    words: dict[str, Any] = {"v": VERSION, "views": views}
    if said is not None:
        since_us = said.since.utc_us
        words["said"] = {"id": str(said.tamper_id), "what": said.what, "since_utc_us": since_us}
    return json.dumps(words)


def read_memory(text: str, now: Instant) -> tuple[ReportedTamper | None, dict[bool, Usual]] | None:
    """Parse stored text; None for another version or invalid text."""
    try:
        words = json.loads(text)
        if words["v"] != VERSION:
            return None
        views = words["views"]
        usual = {grey: _usual(views[name]) for grey, name in BY_DAY.items() if name in views}
        return _said(words.get("said"), now), usual
    except (ValueError, KeyError, TypeError, OverflowError, AttributeError, zlib.error):
        return None


def _said(words: Any, now: Instant) -> ReportedTamper | None:
    """The monotonic clock starts anew: the span comes from UTC stamps."""
    if words is None:
        return None
    ago_s = max(0.0, (now.utc_us - int(words["since_utc_us"])) / 1e6)
    return ReportedTamper(UUID(words["id"]), Tampering(words["what"]), now.before(ago_s))


def _view(usual: Usual) -> dict[str, Any]:
    rows, columns = usual.relief.shape
    return {
        "shape": [rows, columns],
        "relief": _packed(usual.relief),
        "detail": _packed(usual.detail),
        "seen_s": round(usual.seen_s, 1),
    }


def _usual(view: dict[str, Any]) -> Usual:
    rows, columns = (int(n) for n in view["shape"])
    relief = _unpacked(view["relief"]).reshape(rows, columns)
    return Usual(relief, _unpacked(view["detail"]).reshape(CELLS), float(view["seen_s"]))


def _packed(numbers: NDArray[np.float32]) -> str:
    """Half precision: error of a thousandth of the usual value."""
    return base64.b85encode(zlib.compress(numbers.astype("<f2").tobytes())).decode()


def _unpacked(text: str) -> NDArray[np.float32]:
    return np.frombuffer(zlib.decompress(base64.b85decode(text)), "<f2").astype(np.float32)
