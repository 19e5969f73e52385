"""Pre-roll: the last seconds of video in memory, as encoded packets in whole groups of pictures.

The ring is also the queue between the camera's thread, which writes, and the threads that read from
their own positions. Normally it is short. It grows while a reader is behind, for example on a
hanging disk, up to bounds in seconds and bytes.
"""

import threading
from collections import deque
from dataclasses import dataclass

from agent.media.frame import Instant, Packet, StreamInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class PrerollBounds:
    """Bounds of the ring; the first one reached drops the oldest group."""

    span_s: float = 10.0
    size_bytes: int = 8 * 2**20
    rest_s: float | None = None
    """Older packets are kept only for readers that need them; None: `span_s`."""


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """One run of the camera, from opening to end: two takes cannot share a clip."""

    stream: StreamInfo


@dataclass(frozen=True, slots=True)
class Numbered:
    """A packet, its take, and its number: from 1 without gaps across all takes."""

    number: int
    packet: Packet
    take: Take


class Preroll:
    """Bounded ring of packets that always starts at a keyframe; for two threads."""

    def __init__(self, bounds: PrerollBounds) -> None:
        self._bounds = bounds
        self._lock = threading.Lock()
        self._groups: deque[list[Numbered]] = deque()
        self._take: Take | None = None
        self._is_waiting_for_keyframe = True
        self._size_bytes = 0
        self._pushed = 0
        self._wanted: dict[object, int] = {}
        """First number each reader still needs."""

    @property
    def size_bytes(self) -> int:
        """Encoded bytes in the ring."""
        return self._size_bytes

    def begin(self, stream: StreamInfo) -> Take:
        """Begin a new take, because the camera was opened."""
        with self._lock:
            self._take = Take(stream)
            self._is_waiting_for_keyframe = True
            return self._take

    def end(self) -> None:
        """The camera stopped: the take ends."""
        with self._lock:
            self._take = None

    def is_over(self, take: Take) -> bool:
        """True once no more packets come into `take`; ask before reading its packets."""
        with self._lock:
            return self._take is not take

    def push(self, packet: Packet) -> None:
        """Keep `packet`; before a take's first keyframe packets are dropped, because nobody could
        show them."""
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
        """Number of the take's latest keyframe at or before `at`; if that is gone, of its oldest
        packet.

        None while no packet of the take is as late as `at`, and if nothing of the take is left.
        """
        with self._lock:
            groups = [group for group in self._groups if group[0].take is take]
        if not groups or groups[-1][-1].packet.at < at:
            return None
        early_enough = [group[0].number for group in groups if group[0].packet.at <= at]
        return early_enough[-1] if early_enough else groups[0][0].number

    def since(self, number: int) -> list[Numbered]:
        """Packets from `number` on; the first can be later if the ring overflowed."""
        with self._lock:
            late_groups = [group for group in self._groups if group[-1].number >= number]
            return [item for group in late_groups for item in group if item.number >= number]

    def want(self, reader: object, number: int) -> None:
        """`reader` still needs packets from `number` on, or from its earlier request if that is
        lower: kept as far as the bounds allow."""
        with self._lock:
            self._wanted[reader] = min(number, self._wanted.get(reader, number))

    def read(self, reader: object, until: int | None) -> None:
        """`reader` has read everything before `until`; None: it needs nothing more."""
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
            # A single group is too large: a camera that sends no second keyframe would fill the
            # memory. Its numbers are missing, which tells the recorder.
            self._drop_oldest()
            self._is_waiting_for_keyframe = True

    def _longest_s(self) -> float:
        """Time that the oldest group is kept once the next has begun."""
        rest_s, span_s = self._bounds.rest_s, self._bounds.span_s
        is_wanted = any(number <= self._groups[0][-1].number for number in self._wanted.values())
        return span_s if rest_s is None or is_wanted else min(rest_s, span_s)

    def _drop_oldest(self) -> None:
        self._size_bytes -= sum(len(item.packet.data) for item in self._groups.popleft())
