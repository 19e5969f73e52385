"""Processor time per stage of detection."""

import resource
import time


class Stages:
    """Adds this thread's processor time to the stage that just ended."""

    def __init__(self) -> None:
        self.spent_ns: dict[str, int] = {}
        self._last_ns = time.thread_time_ns()

    def lap(self, stage: str) -> None:
        """End `stage`; the time from now on belongs to the next stage."""
        now_ns = time.thread_time_ns()
        self.spent_ns[stage] = self.spent_ns.get(stage, 0) + now_ns - self._last_ns
        self._last_ns = now_ns

    def us_per_frame(self, frames: int) -> dict[str, float]:
        """Microseconds of processor time per frame, by stage."""
        return {
            stage: round(spent / 1000 / max(1, frames), 1) for stage, spent in self.spent_ns.items()
        }


def peak_rss_mib() -> float:
    """Peak memory of this process."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
