"""The last seconds of video in memory: encoded packets, whole groups of pictures, no disk.

The ring is also the queue between the camera's thread, which pushes, and the recorder's, which
reads on from where it was: one bound for both, in seconds and in bytes.
"""

import threading
from collections import deque
from dataclasses import dataclass

from agent.media.frame import Instant, Packet


@dataclass(frozen=True, slots=True, kw_only=True)
class PrerollBounds:
    """How much the ring may hold; whichever bound is reached first drops the oldest group."""

    span_s: float = 10.0
    size_bytes: int = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Numbered:
    """A packet and its place in the camera's stream, counted from 1 without gaps."""

    number: int
    packet: Packet


class Preroll:
    """Bounded ring of packets that always starts at a keyframe; safe to use from two threads."""

    def __init__(self, bounds: PrerollBounds) -> None:
        self._bounds = bounds
        self._lock = threading.Lock()
        self._groups: deque[list[Numbered]] = deque()
        self._size_bytes = 0
        self._pushed = 0

    @property
    def size_bytes(self) -> int:
        """Encoded bytes held now."""
        return self._size_bytes

    def push(self, packet: Packet) -> None:
        """Keep `packet`; before the first keyframe nothing is kept, for nothing could be shown."""
        with self._lock:
            if packet.is_keyframe:
                self._groups.append([])
            if not self._groups:
                return
            self._pushed += 1
            self._groups[-1].append(Numbered(self._pushed, packet))
            self._size_bytes += len(packet.data)
            self._drop_what_is_too_much(packet.at)

    def start_before(self, at: Instant, span_s: float) -> int | None:
        """Number of the latest keyframe at least `span_s` before `at`.

        Where the ring does not reach back so far, the oldest keyframe held; None in an empty ring.
        """
        wanted_ns = at.mono_ns - round(span_s * 1e9)
        with self._lock:
            heads = [group[0] for group in self._groups]
        early_enough = [head.number for head in heads if head.packet.at.mono_ns <= wanted_ns]
        return early_enough[-1] if early_enough else (heads[0].number if heads else None)

    def since(self, number: int) -> list[Numbered]:
        """The packets held from `number` on; the first may be later when the ring ran over."""
        with self._lock:
            late_groups = [group for group in self._groups if group[-1].number >= number]
            return [item for group in late_groups for item in group if item.number >= number]

    def _drop_what_is_too_much(self, newest: Instant) -> None:
        while len(self._groups) > 1 and (
            self._size_bytes > self._bounds.size_bytes
            or newest.seconds_since(self._groups[1][0].packet.at) >= self._bounds.span_s
        ):
            gone = self._groups.popleft()
            self._size_bytes -= sum(len(item.packet.data) for item in gone)
