"""The last seconds of video in memory: encoded packets, whole groups of pictures, no disk.

The ring is also the queue between the camera's thread, which pushes, and the threads that write,
which read on from where they were. At rest it is short; it grows while somebody has not read yet
what would go, as when a disk hangs, and is bounded then too, in seconds and in bytes.
"""

import threading
from collections import deque
from dataclasses import dataclass

from agent.media.frame import Instant, Packet, StreamInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class PrerollBounds:
    """How much the ring may hold; whichever bound is reached first drops the oldest group."""

    span_s: float = 10.0
    size_bytes: int = 8 * 2**20
    rest_s: float | None = None
    """Older than this is kept for those alone who have still to read it; None: `span_s`."""


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """One run of the camera, from its opening to its end: what two takes hold fits no one clip."""

    stream: StreamInfo


@dataclass(frozen=True, slots=True)
class Numbered:
    """A packet, the take it belongs to, and its number: from 1 and without gaps over all takes."""

    number: int
    packet: Packet
    take: Take


class Preroll:
    """Bounded ring of packets that always starts at a keyframe; safe to use from two threads."""

    def __init__(self, bounds: PrerollBounds) -> None:
        self._bounds = bounds
        self._lock = threading.Lock()
        self._groups: deque[list[Numbered]] = deque()
        self._take: Take | None = None
        self._is_waiting_for_keyframe = True
        self._size_bytes = 0
        self._pushed = 0
        self._wanted: dict[object, int] = {}
        """From which number on whom has still to read."""

    @property
    def size_bytes(self) -> int:
        """Encoded bytes held now."""
        return self._size_bytes

    def begin(self, stream: StreamInfo) -> Take:
        """The camera was opened: what is pushed from here on is a new take."""
        with self._lock:
            self._take = Take(stream)
            self._is_waiting_for_keyframe = True
            return self._take

    def end(self) -> None:
        """The camera stopped: nothing more will be pushed into the take."""
        with self._lock:
            self._take = None

    def is_over(self, take: Take) -> bool:
        """True once nothing more can be pushed into `take`; ask before reading what it holds."""
        with self._lock:
            return self._take is not take

    def push(self, packet: Packet) -> None:
        """Keep `packet`; before a take's first keyframe nothing is kept: nobody could show it."""
        with self._lock:
            if self._take is None:
                return
            self._pushed += 1
            if packet.is_keyframe:
                self._groups.append([])
                self._is_waiting_for_keyframe = False
            if self._is_waiting_for_keyframe:
                return
            self._groups[-1].append(Numbered(self._pushed, packet, self._take))
            self._size_bytes += len(packet.data)
            self._drop_what_is_too_much(packet.at)

    def start_before(self, at: Instant, take: Take) -> int | None:
        """Number of the take's latest keyframe at or before `at`, or of its oldest one held.

        None while `at` has not come, and where nothing of the take is held.
        """
        with self._lock:
            groups = [group for group in self._groups if group[0].take is take]
        if not groups or groups[-1][-1].packet.at < at:
            return None
        early_enough = [group[0].number for group in groups if group[0].packet.at <= at]
        return early_enough[-1] if early_enough else groups[0][0].number

    def since(self, number: int) -> list[Numbered]:
        """The packets held from `number` on; the first may be later when the ring ran over."""
        with self._lock:
            late_groups = [group for group in self._groups if group[-1].number >= number]
            return [item for group in late_groups for item in group if item.number >= number]

    def want(self, reader: object, number: int) -> None:
        """`reader` has still to read from `number` on, or from where it said before if that is
        earlier: as far as the bounds allow that is kept."""
        with self._lock:
            self._wanted[reader] = min(number, self._wanted.get(reader, number))

    def read(self, reader: object, until: int | None) -> None:
        """`reader` has read what is before `until`; None: it wants nothing more."""
        with self._lock:
            if until is None:
                self._wanted.pop(reader, None)
            else:
                self._wanted[reader] = until

    def _drop_what_is_too_much(self, newest: Instant) -> None:
        while len(self._groups) > 1 and (
            self._size_bytes > self._bounds.size_bytes
            or newest.seconds_since(self._groups[1][0].packet.at) >= self._longest_s()
        ):
            self._drop_oldest()
        if self._size_bytes > self._bounds.size_bytes:
            # One group alone is too large: a camera that sends no second keyframe would fill the
            # memory. Its numbers go missing, by which the recorder knows.
            self._drop_oldest()
            self._is_waiting_for_keyframe = True

    def _longest_s(self) -> float:
        """For how long the oldest group is kept once the next has begun."""
        rest_s, span_s = self._bounds.rest_s, self._bounds.span_s
        is_wanted = any(number <= self._groups[0][-1].number for number in self._wanted.values())
        return span_s if rest_s is None or is_wanted else min(rest_s, span_s)

    def _drop_oldest(self) -> None:
        self._size_bytes -= sum(len(item.packet.data) for item in self._groups.popleft())
