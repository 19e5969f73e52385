"""The last hour of a running camera: who was not reported, or late, and why.

In memory alone: a restart forgets it. The camera's thread notes each frame, another thread asks for
the page.
"""

import threading
from collections.abc import Callable
from typing import Final

from agent.media.frame import Frame, Instant
from agent.vision.explain.page import MOST_BYTES as PAGE_BYTES
from agent.vision.explain.page import bounded_page
from agent.vision.explain.record import MissedRecord, RecordLimits
from agent.vision.picture import Encode
from agent.vision.pipeline import FrameResult
from agent.vision.sightings.sightings import Sightings, SightingSettings

SPAN_S: Final = 3600.0
MOST_BYTES: Final = 8 * 2**20
"""Memory of all cameras of a node together."""
FIRST_CROP_S: Final = 1.0
"""Nine tracks of ten are reported or gone by then and cost no picture."""
CROP_GAP_S: Final = 2.0
"""A picture takes a millisecond or two of a small computer."""


class LastHour:
    """Record of the last hour of one camera; `cameras` is the number of cameras that share the
    memory."""

    def __init__(
        self,
        encode: Encode,
        *,
        cameras: int = 1,
        settings: SightingSettings | None = None,
        span_s: float = SPAN_S,
    ) -> None:
        self._limits = RecordLimits(
            span_s=span_s,
            most_bytes=MOST_BYTES // max(1, cameras),
            first_crop_s=FIRST_CROP_S,
            crop_gap_s=CROP_GAP_S,
        )
        self._settings = settings
        self._record = MissedRecord(encode, self._limits, settings)
        self._lock = threading.Lock()

    def note(self, frame: Frame, result: FrameResult, sightings: Sightings) -> None:
        """Add a frame; call it on the camera's thread."""
        with self._lock:
            self._record.note(frame, result, sightings)

    def page(
        self,
        whose: str,
        now: Instant,
        *,
        language: str,
        clock: Callable[[Instant], str],
        span_s: float = SPAN_S,
        most_bytes: int = PAGE_BYTES,
    ) -> bytes:
        """The page about the last `span_s` seconds, as UTF-8; on any other thread."""
        with self._lock:
            found = self._record.explanation(now, span_s=span_s)
        return bounded_page(
            found,
            whose,
            language=language,
            clock=clock,
            settings=self._settings,
            most_bytes=most_bytes,
        )
