"""What the node used and did, in numbers that fit on one line."""

import resource
from dataclasses import asdict

from agent.journal import JournalCounts


def stats(
    journal: JournalCounts, *, sightings: int, frames: int, **more: int
) -> dict[str, int | float]:
    """For `--stats`: CPU seconds and peak memory of this process, and what came of it."""
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
