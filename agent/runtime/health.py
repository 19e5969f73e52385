"""Health of the node, once a minute for the hub; and the statistics of a run in one line."""

import resource
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final

import structlog

from agent.board.board import Board
from agent.journal import Journal, JournalCorrupt, JournalCounts, JournalError
from agent.media.frame import Instant
from agent.uplink.mqtt.conversation import NodeIdentity
from agent.uplink.mqtt.latest_health import LatestHealth
from agent.wire.presence import CameraHealth, Health, Lost, Owing
from agent.wire.terms import Stamp

log = structlog.get_logger()

EVERY_S: Final = 60.0
BEAT_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraCounts:
    """Counters of a camera since the agent started."""

    camera: str
    frames: int
    frames_late: int
    is_lost: bool


class HealthService:
    """Checks the node every `every_s` and leaves the result for the link."""

    def __init__(
        self,
        speaker: NodeIdentity,
        journal: Journal,
        *,
        board: Board,
        cameras: Callable[[], tuple[CameraCounts, ...]],
        latest: LatestHealth,
        every_s: float = EVERY_S,
    ) -> None:
        self._speaker = speaker
        self._journal = journal
        self._board = board
        self._cameras = cameras
        self._latest = latest
        self._every_s = every_s
        self._before: dict[str, tuple[Instant, int]] = {}

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """At the start, then at intervals until stopped."""
        due_ns = self._speaker.now().mono_ns
        while not stop.is_set():
            beat()
            if (now := self._speaker.now()).mono_ns >= due_ns:
                due_ns = now.mono_ns + round(self._every_s * 1e9)
                self._look(now)
            stop.wait(min(BEAT_S, self._every_s))

    def _look(self, now: Instant) -> None:
        try:
            if self._journal.place_boot():
                log.info("clock_trusted")
            self._latest.put(self.health(now))
        except JournalCorrupt:
            raise
        except JournalError as error:
            log.error("health_untold", reason=error.sentence, cure=error.cure)

    def health(self, now: Instant) -> Health:
        """Health of the node; frame rates are for the time since the last call."""
        source, error_ms = self._speaker.trust()
        counts = self._journal.counts()
        return Health(
            node=self._speaker.node,
            boot_id=self._journal.boot_id,
            spool_id=self._journal.spool_id,
            last_seq=self._journal.last_seq(),
            stamp=Stamp(utc_us=max(0, now.utc_us), source=source, error_ms=error_ms),
            uptime_s=now.mono_ns // 10**9,  # Linux counts it from boot
            board=self._board.words(),
            cameras=tuple(self._camera(one, now) for one in self._cameras()),
            owing=owing(counts),
            lost=Lost(
                alerts=counts.dropped_alerts,
                others=counts.dropped - counts.dropped_alerts,
                health=self._latest.superseded,
                set_aside=counts.set_aside,
            ),
        )

    def _camera(self, one: CameraCounts, now: Instant) -> CameraHealth:
        since, frames = self._before.get(one.camera, (now, one.frames))
        self._before[one.camera] = (now, one.frames)
        span_s = now.seconds_since(since)
        rate = max(0, one.frames - frames) / span_s if span_s > 0 else 0.0
        return CameraHealth(
            camera=one.camera,
            frames_per_s=round(rate, 2),
            frames_late=one.frames_late,
            is_lost=one.is_lost,
        )


def owing(counts: JournalCounts) -> Owing:
    """Queue lengths by priority."""
    return Owing(
        alerts=counts.waiting_alerts,
        others=counts.waiting - counts.waiting_alerts - counts.waiting_again,
        again=counts.waiting_again,
        files=counts.media_owed,
    )


def stats(
    journal: JournalCounts, *, sightings: int, frames: int, **more: int
) -> dict[str, int | float]:
    """For `--stats`: CPU seconds and peak memory of this process, and counters."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_s": round(used.ru_utime + used.ru_stime, 2),
        "peak_rss_mib": round(used.ru_maxrss / 1024, 1),  # Linux counts in KiB
        "sightings": sightings,
        "frames": frames,
        "events_spooled": journal.spooled,
        **{f"journal_{name}": value for name, value in asdict(journal).items()},
        **more,
    }
