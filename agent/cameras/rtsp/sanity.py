"""Detects a broken stream: pictures of a single colour, or keyframes that do not decode."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from agent.media.frame import Frame, Instant

TRIED_EVERY_S: Final = 8.0
"""Shortest seconds between trial decodes of a stream that is only kept: a 400 kB keyframe (1080p)
costs 30 ms of a core, a 175 kB one 15 ms."""
CLOSE_S: Final = 2.4
SELDOM_S: Final = 11.9
"""The longer wait if keyframes come closer together: damage is still noticed at the next keyframe,
within 15 s. A trial costs as much as half a second of detection."""
STRIKES: Final = 2
"""Damaged keyframes in a row for a failure: a single one may be a fault of the network."""
NEAR_GREY: Final = 20
"""A picture of one colour this near to grey may be night; other colours are a decoder's filling."""


@dataclass(slots=True)
class TrialDecodes:
    """Selects the keyframes for trial decodes and counts failures."""

    tried: Instant
    strikes: int = 0
    keyframe: Instant | None = None
    """The last one selected."""

    def is_due(self, at: Instant) -> bool:
        """Whether to decode the keyframe of that moment; after a damaged keyframe the next one is
        due.

        Call it for each keyframe.
        """
        apart_s = at.seconds_since(self.keyframe or self.tried)
        self.keyframe = at
        # Damage since the last trial is found at the first keyframe due and confirmed at the next.
        pause_s = SELDOM_S if apart_s <= CLOSE_S else TRIED_EVERY_S
        return self.strikes > 0 or at.seconds_since(self.tried) >= pause_s

    def is_lost(self, at: Instant, *, is_whole: bool) -> bool:
        """Record the result of a trial decode; True when the stream has failed."""
        self.tried = at
        self.strikes = 0 if is_whole else self.strikes + 1
        return self.strikes >= STRIKES


def is_filling(frame: Frame) -> bool:
    """Whether the frame has one colour far from grey: a decoder's output for invalid data.

    A covered lens gives black; no sensor gives green without noise.
    """
    luma = frame.luma
    # Called for every frame; one row nearly always decides.
    row = luma[len(luma) // 2].tobytes()
    if row.strip(row[:1]):
        return False
    chroma = frame.yuv[frame.height :]
    u, v = chroma[: len(chroma) // 2], chroma[len(chroma) - len(chroma) // 2 :]
    if abs(int(u[0, 0]) - 128) + abs(int(v[-1, -1]) - 128) <= NEAR_GREY:
        return False
    return all(bool(np.all(one == one[0, 0])) for one in (luma, u, v))
