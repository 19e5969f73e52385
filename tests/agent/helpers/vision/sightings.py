"""Helpers of the tests of sightings, used by more than one module."""

from dataclasses import replace

from agent.media.frame import Instant
from agent.vision.detect.clothes import Clothes
from agent.vision.geometry import Box
from agent.vision.sightings.changes import SightingChange
from agent.vision.sightings.sightings import Sightings, SightingSettings
from agent.vision.track.track import Track
from tests.agent.rigs.vision import after, counted_ids, moved_in, person, tracked

SETTINGS = SightingSettings()


def track(
    track_id: int = 1,
    *,
    x: float = 0.5,
    score: float = 0.7,
    height: float = 0.2,
    travelled: float = 2.0,
    is_seen: bool = True,
    clothes: Clothes | None = None,
    stirred_at: Instant | None = None,
    moved: float = 1.0,
) -> Track:
    box = person(x, height=height).box
    return tracked(
        box,
        track_id=track_id,
        score=score,
        is_seen=is_seen,
        travelled=travelled,
        clothes=clothes,
        stirred_at=stirred_at,
        moved=moved,
    )


class Street:
    """Plays frames, ten a second, and keeps what was said."""

    def __init__(self, settings: SightingSettings = SETTINGS) -> None:
        self.sightings = Sightings(counted_ids(), settings)
        self.frame = 0
        self.said: list[SightingChange] = []

    def shows(
        self, *tracks: Track, for_s: float = 0.1, moved: tuple[Box, ...] = ()
    ) -> list[SightingChange]:
        said: list[SightingChange] = []
        for _ in range(round(for_s * 10)):
            now = after(self.frame / 10)
            looked = [
                replace(one, looks=self.frame, last_seen=now if one.is_seen else one.last_seen)
                for one in tracks
            ]
            said += self.sightings.advance(now, looked, moved=moved_in(moved))
            self.frame += 1
        self.said += said
        return said


STONE: Clothes = (90, 128, 128, 90, 128, 128)
RED: Clothes = (90, 110, 190, 60, 128, 128)


def statue(track_id: int) -> Track:
    return track(track_id, score=0.8, travelled=0.1, clothes=STONE)
