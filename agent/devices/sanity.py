"""Whether a stream still sends pictures: one colour is none, and what is only kept is tried."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from agent.media.frame import Frame, Instant

TRIED_EVERY_S: Final = 8.0
"""A keyframe of what is only kept is decoded no more often: 30 ms of a core for one of 400 kB
(1080p), 15 for one of 175 kB."""
CLOSE_S: Final = 2.4
SELDOM_S: Final = 11.9
"""Where keyframes come closer together trials can wait longer, for garbage is noticed at the next
one, within 15 s: each costs as much as half a second of the eyes."""
STRIKES: Final = 2
"""Keyframes in a row that must be damaged: one alone may be the fault of the line before us."""
NEAR_GREY: Final = 20
"""A picture of one colour this near to grey may be the night's; others are a decoder's filling."""


@dataclass(slots=True)
class Trial:
    """Which keyframes are to be tried, and whether they failed too often."""

    tried: Instant
    strikes: int = 0
    keyframe: Instant | None = None
    """The last that was asked for."""

    def is_due(self, at: Instant) -> bool:
        """Whether the keyframe of that moment is to be decoded; after a damaged one the next is.
        To be asked for each."""
        apart_s = at.seconds_since(self.keyframe or self.tried)
        self.keyframe = at
        # Damaged since the last trial, it is found at the first keyframe due and the one after it.
        pause_s = SELDOM_S if apart_s <= CLOSE_S else TRIED_EVERY_S
        return self.strikes > 0 or at.seconds_since(self.tried) >= pause_s

    def is_lost(self, at: Instant, *, is_whole: bool) -> bool:
        """Note how it went; true when nothing can be made of the stream."""
        self.tried = at
        self.strikes = 0 if is_whole else self.strikes + 1
        return self.strikes >= STRIKES


def is_filling(frame: Frame) -> bool:
    """One colour all over, and far from grey: a decoder's answer to data that are none.

    A lens cap is black; no sensor gives green without a trace of noise.
    """
    luma = frame.luma
    # Asked of every frame, and nearly always answered by one row.
    row = luma[len(luma) // 2].tobytes()
    if row.strip(row[:1]):
        return False
    chroma = frame.yuv[frame.height :]
    u, v = chroma[: len(chroma) // 2], chroma[len(chroma) - len(chroma) // 2 :]
    if abs(int(u[0, 0]) - 128) + abs(int(v[-1, -1]) - 128) <= NEAR_GREY:
        return False
    return all(bool(np.all(one == one[0, 0])) for one in (luma, u, v))
