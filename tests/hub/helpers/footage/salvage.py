"""Helpers of the tests of salvage, used by more than one module."""

import os
from pathlib import Path

from agent.recording.mp4.fragments import MediaWords, Sample, file_start, fragment, full_box, movie
from hub.base.audit.log import By
from hub.footage.growing.clips import part_of
from hub.footage.growing.salvage import Salvage
from hub.footage.retention import holds
from hub.footage.retention.rules import Hold
from hub.footage.tables import growing_clips
from tests.hub.rigs.streets import Streets


def fragments(count: int) -> bytes:
    """A clip of so many whole fragments of two seconds each, and a part of one more."""
    words = MediaWords(
        timescale=1000, handler=b"vide", header=full_box(b"vmhd", 0, 1, b"\0" * 8), entry=b""
    )
    begins = file_start() + movie(words, duration_ticks=0)
    samples = [Sample(b"picture" * 50, 500, 0, is_keyframe=True)] * 4
    whole = [fragment(n + 1, n * 2000, samples) for n in range(count + 1)]
    return begins + b"".join(whole)[:-700]


def remains(streets: Streets) -> Salvage:
    return Salvage(
        streets.db,
        parts=streets.parts,
        blobs=streets.blobs,
        clock=streets.clock,
        change_signal=streets.change_signal,
    )


def silent_for(streets: Streets, seconds: float) -> None:
    """Time goes by, and nothing comes."""
    then_ns = streets.clock.now().utc_us * 1000
    for row in streets.rows(growing_clips):
        path = Path(streets.parts.path(row.node_id, part_of(row.id)))
        if path.exists():
            os.utime(path, ns=(then_ns, then_ns))
    streets.clock.pass_s(seconds)


def hold(streets: Streets, what: Hold) -> None:
    with streets.db.writing() as conn:
        holds.place_hold(
            conn, what, case_number="12", reason="theft", by=By(), now=streets.clock.now()
        )
