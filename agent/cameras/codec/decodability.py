"""Detects a stream that cannot be decoded: counts the packets that became pictures."""

from dataclasses import dataclass
from typing import Final

from agent.media.frame import Instant

UNSEEN_S: Final = 6.0
LEAST_SEEN: Final = 0.25
"""A smaller share of whole pictures over `UNSEEN_S` is a failure. It is above 0 because a decoder
sometimes makes a picture of noise."""


@dataclass(slots=True)
class Decodability:
    """The count of packets that became pictures, from `since` on."""

    since: Instant
    packets: int = 0
    pictures: int = 0

    def is_too_small(self, now: Instant, *, packets: int = 1) -> bool:
        """Count packets; at the end of a span, judge it and begin the next."""
        self.packets += packets
        if now.seconds_since(self.since) < UNSEEN_S:
            return False
        is_too_small = self.pictures < LEAST_SEEN * self.packets
        self.since, self.packets, self.pictures = now, 0, 0
        return is_too_small
