"""Helpers of the tests of last hour, used by more than one module."""

from agent.media.frame import Instant
from agent.runtime.last_hour import LastHour
from agent.vision.sightings.sightings import Sightings
from tests.agent.helpers.vision.explain.record import STREET, result_of
from tests.agent.rigs.vision import after, counted_ids, luma_frame


def clock(at: Instant) -> str:
    return f"{at.seconds_since(after(0)):.1f}"


class Camera:
    """Plays tracks to the last hour of a camera, ten frames a second."""

    def __init__(self, hour: LastHour) -> None:
        self.hour = hour
        self.sightings = Sightings(counted_ids())
        self.frames = 0

    def shows(self, *tracks: object, for_s: float) -> None:
        for _ in range(round(for_s * 10)):
            at = after(self.frames / 10)
            self.sightings.advance(at, tracks)  # type: ignore[arg-type]
            self.frames += 1
            frame = luma_frame(STREET, self.frames)
            self.hour.note(frame, result_of(*tracks), self.sightings)  # type: ignore[arg-type]

    def page(self, **more: float) -> bytes:
        now = after(self.frames / 10)
        return self.hour.page("Cổng", now, language="en", clock=clock, **more)  # type: ignore[arg-type]
