"""`run --once`: the recordings play to their end, then everything must reach the hub."""

import time
from collections.abc import Callable, Sequence

import structlog

from agent.app.view import View
from agent.journal import Journal, UploadScope
from agent.runtime.supervisor import Supervisor

log = structlog.get_logger()


class Unfinished(Exception):  # noqa: N818 - says what is the case, not that a program erred
    """Raised if the deadline passes before the hub has everything."""


class Once:
    """Tells the supervisor when a run with `--once` is done; clips end with their camera."""

    def __init__(
        self,
        views: Sequence[View],
        journal: Journal,
        *,
        supervisor: Supervisor,
        drain_s: float,
        brought: UploadScope = UploadScope.ALL,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._views = views
        self._journal = journal
        self._supervisor = supervisor
        self._drain_s = drain_s
        self._brought = brought
        self._now_s = now_s
        self._deadline_s: float | None = None

    def is_done(self) -> bool:
        """True once everything is at the hub; raises Unfinished after the deadline."""
        if self._deadline_s is None:
            if not all(self._supervisor.is_over(view.watch_name) for view in self._views):
                return False
            for view in self._views:
                self._supervisor.end(view.recorder_name)
            self._deadline_s = self._now_s() + self._drain_s
            log.info("recordings_over", drain_s=self._drain_s)
        events, files = self._journal.counts().waiting, self._journal.media_owed(self._brought)
        if events == files == 0:
            return True
        if self._now_s() > self._deadline_s:
            raise Unfinished(_what_is_left(events, files, self._drain_s))
        return False


def _what_is_left(events: int, files: int, drain_s: float) -> str:
    return (
        f"{drain_s:g} s after the end of the recording the hub lacks {events} events and"
        f" {files} files. They are safe in the journal: see the log for what the line"
        " to the hub or the upload complained of, and run the agent again"
    )
