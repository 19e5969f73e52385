"""Whether a stream can be decoded at all: how many of its packets became pictures."""

from dataclasses import dataclass
from typing import Final

from agent.media.frame import Instant

UNSEEN_S: Final = 6.0
LEAST_SEEN: Final = 0.25
"""When fewer packets than this share gave a whole picture over `UNSEEN_S`, that is a failure. A
decoder makes something of noise now and then."""


@dataclass(slots=True)
class Yield:
    """How many packets became pictures since `since`."""

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
