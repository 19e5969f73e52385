"""Day and night: thresholds for motion and detection can differ.

Night is set by hours, or else by a picture that is dark or without colour (infrared light). Dusk
must last for a while, so that a lorry before the lens is not taken for night.
"""

from dataclasses import dataclass
from datetime import datetime

from agent.media.frame import Frame, Instant
from agent.vision.hours import Hours
from agent.vision.tamper.scenery import GREY, brightness_of, colour_of


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Thresholds for motion and detection."""

    least_change: float = 6.0
    """Grey levels by which a block must differ to count as moved."""
    least_score: float = 0.0
    """Detections with a lower score (0-1) are ignored."""


@dataclass(frozen=True, slots=True)
class DaylightSettings:
    """How night is detected from the picture."""

    dark: float = 45.0
    """Below this mean brightness (0-255) it is dark. Between `dark` and `bright` nothing
    changes."""
    bright: float = 65.0
    """Above this mean brightness (0-255) it is bright."""
    lasts_s: float = 20.0
    """A change must last this long."""
    look_every_s: float = 1.0


class Daylight:
    """Present thresholds of one camera; used by one thread."""

    def __init__(
        self,
        by_day: Sensitivity,
        by_night: Sensitivity | None = None,
        night: Hours | None = None,
    ) -> None:
        """Without `by_night` it is always day; without `night` hours the picture decides."""
        self._by_day = by_day
        self._by_night = by_night
        self._hours = night
        self._settings = DaylightSettings()
        self._looked: Instant | None = None
        self._other_since: Instant | None = None
        self.is_night = False

    @property
    def asks_for_the_hour(self) -> bool:
        """True if the thresholds depend on the local time."""
        return self._by_night is not None and self._hours is not None

    def at(self, frame: Frame, local: datetime | None) -> Sensitivity:
        """Thresholds for this frame. If hours are set and the clock is not trusted (`local` is
        None), the picture decides."""
        if self._by_night is None:
            return self._by_day
        if self._hours is not None and local is not None:
            self.is_night, self._other_since = self._hours.hold(local), None
        elif self._looked is None or self._is_time(frame.at, self._looked):
            self._look(frame)
        return self._by_night if self.is_night else self._by_day

    def _is_time(self, now: Instant, looked: Instant) -> bool:
        return now.seconds_since(looked) >= self._settings.look_every_s

    def _look(self, frame: Frame) -> None:
        """The first look decides at once; later looks must agree for a while. ValueError for a
        misshapen frame."""
        frame.check()
        looks_like_night = self._looks_like_night(frame)
        if self._looked is None:
            self.is_night = looks_like_night
        self._looked = frame.at
        if looks_like_night == self.is_night:
            self._other_since = None
            return
        self._other_since = self._other_since or frame.at
        if frame.at.seconds_since(self._other_since) >= self._settings.lasts_s:
            self.is_night, self._other_since = looks_like_night, None

    def _looks_like_night(self, frame: Frame) -> bool:
        brightness = brightness_of(frame)
        if self.is_night:
            return brightness <= self._settings.bright or colour_of(frame) < GREY
        return brightness < self._settings.dark or colour_of(frame) < GREY
