"""Live view leases: cameras watched now, for seconds at a time, and the newest frame of each.

A lease ends by itself. At most one frame waits per camera; a due frame replaced by a newer one is
counted as dropped.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import structlog

from agent.media.frame import Frame
from agent.wire.answers import ShowLive

log = structlog.get_logger()


@dataclass(slots=True)
class LiveCounts:
    """Counters since the agent started."""

    shown: int = 0
    dropped: int = 0
    """Due and dropped: replaced by a newer one, behind other uploads, or the connection broke."""


@dataclass(frozen=True, slots=True)
class DueFrame:
    """A due frame, with the terms of its lease."""

    camera: str
    frame: Frame
    due_s: float
    terms: ShowLive


@dataclass(slots=True)
class _Lease:
    terms: ShowLive
    until_s: float
    next_s: float
    """No frame is due before this monotonic time."""


class LiveLeases:
    """Leases of all cameras: the link's thread asks, camera threads offer frames, the sender takes
    them."""

    def __init__(
        self, cameras: Iterable[str], *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._cameras = frozenset(cameras)
        self._now_s = now_s
        self._leases: dict[str, _Lease] = {}
        self._waiting: dict[str, DueFrame] = {}
        self._lock = threading.Lock()
        self._is_due = threading.Event()
        self.counts = LiveCounts()

    def ask(self, wanted: ShowLive, now_s: float) -> bool:
        """Start or end a lease; False: this node has no such camera."""
        if wanted.camera not in self._cameras:
            return False
        if wanted.for_s == 0:
            self.end(wanted.camera)
            return True
        with self._lock:
            before = self._leases.get(wanted.camera)
            lease = _Lease(wanted, now_s + wanted.for_s, before.next_s if before else now_s)
            self._leases[wanted.camera] = lease
        if before is None or before.terms.watchers != wanted.watchers:
            log.info("live_watched", camera=wanted.camera, watchers=wanted.watchers)
        return True

    def end(self, camera: str) -> None:
        """Stop the live pictures of this camera."""
        with self._lock:
            was_watched = self._leases.pop(camera, None) is not None
            self._waiting.pop(camera, None)
        if was_watched:
            log.info("live_ended", camera=camera, shown=self.counts.shown)

    def offer(self, camera: str, frame: Frame) -> None:
        """Offer a frame; it is dropped unless one is due."""
        if camera not in self._leases:
            return
        with self._lock:
            lease, now_s = self._leases.get(camera), self._now_s()
            if lease is None or now_s < lease.next_s or now_s >= lease.until_s:
                return
            # By the clock, not from the last one sent: missed pictures are not made up for.
            lease.next_s = now_s + lease.terms.every_ms / 1000
            self.counts.dropped += camera in self._waiting
            self._waiting[camera] = DueFrame(camera, frame, now_s, lease.terms)
            self._is_due.set()

    def take(self, timeout_s: float) -> DueFrame | None:
        """The frame that waits longest, or None; ends expired leases."""
        self._is_due.wait(timeout_s)
        with self._lock:
            now_s = self._now_s()
            over = [name for name, lease in self._leases.items() if now_s >= lease.until_s]
        for camera in over:
            self.end(camera)
        with self._lock:
            if not self._waiting:
                self._is_due.clear()
                return None
            return self._waiting.pop(next(iter(self._waiting)))

    def give_up(self) -> None:
        """Count a frame that was taken but not sent."""
        with self._lock:  # camera threads count here too
            self.counts.dropped += 1

    def is_watched(self, camera: str) -> bool:
        """True while the camera's lease is valid."""
        with self._lock:
            lease = self._leases.get(camera)
            return lease is not None and self._now_s() < lease.until_s
