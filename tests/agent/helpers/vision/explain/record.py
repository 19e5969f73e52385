"""Helpers of the tests of record, used by more than one module."""

from dataclasses import replace
from typing import Any

import numpy as np

from agent.cameras.codec.jpeg import jpeg
from agent.vision.detect.person import Detection
from agent.vision.explain.reasons import Reason
from agent.vision.explain.record import (
    Explanation,
    MissedRecord,
    RecordLimits,
)
from agent.vision.explain.track_record import TrackRecord
from agent.vision.geometry import Box
from agent.vision.pipeline import FrameResult
from agent.vision.sightings.changes import Opened
from agent.vision.sightings.sightings import Sightings
from agent.vision.track.track import Track
from tests.agent.rigs.vision import after, counted_ids, luma_frame, person, tracked

STREET = np.full((240, 320), 90, np.uint8)
AT_BORDER = Box(0.0, 0.4, 0.08, 0.6)


def result_of(*tracks: Track, put_off: int = 0) -> FrameResult:
    return FrameResult((), (), tracks, (), 1, put_off)


class Street:
    """Plays tracks to a record, ten frames a second."""

    def __init__(self, **limits: Any) -> None:
        self.sightings = Sightings(counted_ids())
        self.record = MissedRecord(jpeg, RecordLimits(**limits))
        self.frames = 0

    def shows(
        self, *tracks: Track, for_s: float = 0.1, put_off: int = 0, wakes: bool = True
    ) -> None:
        for _ in range(round(for_s * 10)):
            at = after(self.frames / 10)
            these = [replace(one, looks=self.frames, last_seen=at) for one in tracks]
            changes = tuple(
                replace(one, wakes=wakes) if isinstance(one, Opened) else one
                for one in self.sightings.advance(at, these)
            )
            self.frames += 1
            result = replace(result_of(*these, put_off=put_off), changes=changes)
            self.record.note(luma_frame(STREET, self.frames), result, self.sightings)

    def finds(self, *found: Detection) -> None:
        """One frame with finds that belong to no track."""
        at = after(self.frames / 10)
        self.frames += 1
        result = replace(result_of(), faint=found, track_score=0.4)
        frame = replace(luma_frame(STREET, self.frames), at=at)
        self.record.note(frame, result, self.sightings)

    def explained(self) -> Explanation:
        return self.record.explanation(after(self.frames / 10))


def unsure(track_id: int = 1, x: float = 0.5, **others: Any) -> Track:
    """Stands, and the network is not sure enough of it."""
    stands = tracked(person(x).box, track_id=track_id, score=0.6, travelled=0.0)
    return replace(stands, **others)


def reasons(one: TrackRecord) -> dict[Reason, int]:
    return dict(one.counts)


def crowd(count: int, **others: Any) -> list[Track]:
    """People so far apart that nobody is taken for another."""
    return [apart(number, **others) for number in range(1, count + 1)]


def apart(number: int, **others: Any) -> Track:
    """In one of 200 places."""
    row, column = divmod(number % 200, 20)
    where = person(0.03 + column * 0.048, 0.06 + row * 0.095, height=0.03).box
    return unsure(number, box=where, began_at=where.center, **others)
