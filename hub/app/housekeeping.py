"""Maintenance of the clip store: disk space, retention, consistency of rows and files."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from hub.base.batches import Stopping
from hub.base.db.database import FAULTS, is_about_storage
from hub.base.storage.blobs import BlobsError
from hub.footage.growing.salvage import Salvage
from hub.footage.retention.reconcile import ManyLostError, Reconciler
from hub.footage.retention.remover import Remover
from hub.oversight.log.anchor import Anchoring
from hub.public.households.arrivals import ArrivalQueue

log = structlog.get_logger()

LOOK_S: Final = 10.0
RULES_EVERY_S: Final = 3600.0
GIVEN_EVERY_S: Final = 60.0
"""Uploads of households are processed on submission; this is for a hub that crashed meanwhile."""
SWEEP_EVERY_S: Final = 86_400.0
ANCHOR_EVERY_S: Final = 86_400.0
SWEEP_FIRST_S: Final = 3600.0
"""Not at the start: it reads the whole store, and waiting events come first."""


class Housekeeping:
    """One task of the hub. A failure is logged once and tried again at its next time."""

    def __init__(
        self,
        remover: Remover,
        reconciler: Reconciler,
        anchoring: Anchoring,
        salvage: Salvage,
        arrivals: ArrivalQueue | None = None,
        *,
        hourly: Mapping[str, Callable[[Stopping], object]] | None = None,
    ) -> None:
        now_s = time.monotonic()
        self._chores: list[_Chore] = [
            _Chore("make_room", remover.make_room, LOOK_S, now_s),
            _Chore("take_in_remains", salvage.take_in, RULES_EVERY_S, now_s),
            _Chore("remove_overdue", remover.remove_overdue, RULES_EVERY_S, now_s),
            _Chore("sweep", reconciler.run, SWEEP_EVERY_S, now_s + SWEEP_FIRST_S),
            _Chore("anchor_log", lambda _: anchoring.put_down(), ANCHOR_EVERY_S, now_s),
        ]
        if arrivals is not None:
            self._chores += [
                _Chore("take_in_given", arrivals.take_in, GIVEN_EVERY_S, now_s),
                _Chore("tidy_given", arrivals.tidy, RULES_EVERY_S, now_s),
            ]
        for name, work in (hourly or {}).items():
            self._chores.append(_Chore(name, work, RULES_EVERY_S, now_s))

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until stopped; the current page of work is finished first."""

        def stopping() -> bool:
            beat()  # a chore may take hours, and checks between two pages
            return stop.is_set()

        while not stopping():
            for chore in self._chores:
                if not stopping() and chore.due_s <= time.monotonic():
                    await asyncio.to_thread(chore.do, stopping)
            try:
                await asyncio.wait_for(stop.wait(), LOOK_S)
            except TimeoutError:
                continue


class _Chore:
    def __init__(
        self, name: str, work: Callable[[Stopping], object], every_s: float, due_s: float
    ) -> None:
        self._name = name
        self._work = work
        self._every_s = every_s
        self._trouble = ""
        self.due_s = due_s

    def do(self, stopping: Stopping) -> None:
        """Run it, and log a new reason of failure once."""
        self.due_s = time.monotonic() + self._every_s
        try:
            self._work(stopping)
        except (BlobsError, ManyLostError, OSError) as error:
            self._say(str(error))
        except FAULTS as error:
            if not is_about_storage(error):
                raise
            self._say(str(error).splitlines()[0])
        else:
            self._trouble = ""

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.error("housekeeping.failed", chore=self._name, reason=trouble)
        self._trouble = trouble
