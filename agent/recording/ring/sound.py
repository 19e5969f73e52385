"""Ring with the last minutes of a camera's sound, until its clip is complete."""

import threading
from collections import deque
from dataclasses import dataclass
from itertools import takewhile

from agent.media.frame import Instant
from agent.media.sound import SoundPacket


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundBounds:
    """Limits: more than the longest segment; at 64 kbit/s two minutes are a megabyte."""

    span_s: float = 150.0
    size_bytes: int = 3 * 2**20


class SoundRing:
    """Bounded ring of sound packets: a new one replaces the oldest; for several threads."""

    def __init__(self, bounds: SoundBounds | None = None) -> None:
        self._bounds = bounds or SoundBounds()
        self._lock = threading.Lock()
        self._packets: deque[SoundPacket] = deque()
        self._size_bytes = 0

    def hear(self, packet: SoundPacket) -> None:
        """Keep one packet (camera's thread); never waits for the disk."""
        with self._lock:
            self._packets.append(packet)
            self._size_bytes += len(packet.data)
            while self._size_bytes > self._bounds.size_bytes or (
                packet.at.seconds_since(self._packets[0].at) > self._bounds.span_s
            ):
                self._size_bytes -= len(self._packets.popleft().data)

    def between(self, first: Instant, last: Instant) -> list[SoundPacket]:
        """Sound packets of this time span in one format: up to the moment when the camera changes
        it."""
        with self._lock:
            heard = [one for one in self._packets if first <= one.at <= last]
        return list(takewhile(lambda one: one.info == heard[0].info, heard))
