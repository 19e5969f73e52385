"""Helpers of the tests of store keeps, used by more than one module."""

import os
from pathlib import Path
from uuid import UUID, uuid4

from agent.journal import Clip, FootageClass
from agent.wire.answers import HoldFootage
from tests.agent.rigs.stage import at

HOLD = uuid4()


def clip_of(folder: Path, sightings: tuple[UUID, ...], *, size_bytes: int = 100) -> Clip:
    """A clip's file and its row."""
    clip_id = uuid4()
    path = folder / f"cam-{clip_id}.mp4"
    path.write_bytes(os.urandom(size_bytes))
    return Clip(
        clip_id=clip_id,
        camera="cam",
        path=path,
        sha256=os.urandom(32).hex(),
        size_bytes=size_bytes,
        first_frame_utc_us=0,
        duration_ms=1,
        sighting_ids=sightings,
        clip_class=FootageClass.SIGHTING,
    )


def hold_of(
    *sha256s: str, hold_id: UUID = HOLD, span_s: tuple[float, float | None] = (-9e8, -8e8)
) -> HoldFootage:
    from_s, until_s = span_s
    return HoldFootage(
        hold_id=hold_id,
        case_number="12/2026",
        reason="theft",
        camera="cam",
        from_utc_us=at(from_s).utc_us,
        until_utc_us=None if until_s is None else at(until_s).utc_us,
        sha256s=sha256s,
    )
