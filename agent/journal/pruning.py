"""Keeps the journal small: deletes events that the hub has had for a long time."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from agent.journal.journal import Journal

log = structlog.get_logger()

BEAT_S: Final = 5.0
EVERY_BEATS: Final = 720
"""Once an hour, and once at the start."""


class Pruner:
    """Service that deletes receipted events beyond the journal's limits."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def run(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Prune at intervals until stopped."""
        beats = 0
        while not stop.is_set():
            beat()
            if beats % EVERY_BEATS == 0 and (gone := self._journal.prune()):
                log.info("journal_pruned", events=gone)
            beats += 1
            stop.wait(BEAT_S)
