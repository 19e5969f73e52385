"""Maintenance of the clip store: disk space, retention, consistency of rows and files."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from hub.app.blob_owners import BLOB_OWNERS
from hub.app.evidence import authority_of, stamps_of
from hub.app.months.dropping import MonthDropper
from hub.app.resources import Resources
from hub.base.batches import Stopping, never
from hub.base.db import months
from hub.base.db.database import FAULTS, is_about_storage
from hub.base.processes.file_lock import FileLock
from hub.base.processes.lease import Lease
from hub.base.storage.blobs import BlobsError
from hub.cases.seal_checks import SealChecks
from hub.footage.growing.salvage import Salvage
from hub.footage.retention.reconcile import ManyLostError, Reconciler
from hub.footage.retention.remover import Remover
from hub.nodes.enrolment.key_lines import EnrolmentStamps
from hub.oversight.log.anchor import Anchoring, anchor_file
from hub.public.data_requests.eraser import PendingErasures
from hub.public.data_requests.retention import DataRequestRetention
from hub.public.households.arrivals import ArrivalQueue
from hub.public.tips.retention import TipRetention

log = structlog.get_logger()

DISK_LOCK: Final = "chores-lock"
"""File of a lock; of several processes on one machine, its holder looks after the files on the
disk."""
LOOK_S: Final = 10.0
RULES_EVERY_S: Final = 3600.0
GIVEN_EVERY_S: Final = 60.0
"""Uploads of households are processed on submission; this is for a hub that crashed meanwhile."""
SWEEP_EVERY_S: Final = 86_400.0
ANCHOR_EVERY_S: Final = 86_400.0
SWEEP_FIRST_S: Final = 3600.0
"""Not at the start: it reads the whole store, and waiting events come first."""


class Housekeeping:
    """One task of the hub. A failure is logged once and tried again at its next time.

    Of several processes over one database, the holder of the lease does the chores that concern
    all; a process that takes the lease over begins as at a start. The files on a disk are looked
    after by one process of its machine, with the role `chores` or `web`.
    """

    def __init__(
        self,
        remover: Remover,
        reconciler: Reconciler,
        anchoring: Anchoring,
        salvage: Salvage,
        arrivals: ArrivalQueue | None = None,
        *,
        hourly: Mapping[str, Callable[[Stopping], object]] | None = None,
        lease: Lease | None = None,
        disk: FileLock | None = None,
    ) -> None:
        """`lease`, `disk`: None where no other process can be. `disk` without `lease`: for a
        process that looks after what lies on its disk alone."""
        self._lease = lease
        self._disk = disk
        self._term: int | None = None
        self._once: list[_Chore] = []
        if lease is not None or disk is None:
            self._once = [
                _Chore("make_room", remover.make_room, LOOK_S),
                _Chore("remove_overdue", remover.remove_overdue, RULES_EVERY_S),
                _Chore("sweep", reconciler.run, SWEEP_EVERY_S, first_s=SWEEP_FIRST_S),
                *(_Chore(name, work, RULES_EVERY_S) for name, work in (hourly or {}).items()),
            ]
        of_parts = [_Chore("take_in_remains", salvage.take_in, RULES_EVERY_S)]
        self._of_disk = [_Chore("anchor_log", lambda _: anchoring.write_anchor(), ANCHOR_EVERY_S)]
        if disk is not None:
            # The sweep of another machine removes no copies here.
            self._of_disk.append(_Chore("sweep_copies", reconciler.remove_copies, RULES_EVERY_S))
        if arrivals is not None:
            of_parts += [
                _Chore("take_in_given", arrivals.take_in, GIVEN_EVERY_S),
                _Chore("tidy_given", arrivals.tidy, RULES_EVERY_S),
            ]
        if not salvage.is_shared:
            self._of_disk += of_parts
        elif lease is not None:
            self._once += of_parts

    def add_often(self, name: str, work: Callable[[Stopping], object]) -> None:
        """One more chore that concerns all, due at each look."""
        if self._once:
            self._once.append(_Chore(name, work, LOOK_S))

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until stopped; the current page of work is finished first."""

        def stopping() -> bool:
            beat()  # a chore may take hours, and checks between two pages
            return stop.is_set()

        while not stopping():
            await asyncio.to_thread(self.look, stopping)
            try:
                await asyncio.wait_for(stop.wait(), LOOK_S)
            except TimeoutError:
                continue

    def look(self, stopping: Stopping = never) -> None:
        """Do the chores that are due."""
        self._begin_anew_with_a_lease()
        for chore in self._once:
            if not stopping() and chore.is_due:
                self._do_once(chore, stopping)
        for chore in self._of_disk:
            if not stopping() and chore.is_due and self._looks_after_disk():
                chore.do(stopping)

    def _begin_anew_with_a_lease(self) -> None:
        term = self._lease.term if self._lease is not None else None
        if term is not None and term != self._term:
            self._term = term
            for chore in self._once:
                chore.begin()

    def _do_once(self, chore: "_Chore", stopping: Stopping) -> None:
        lease = self._lease
        if lease is None:
            chore.do(stopping)
        else:
            lease.do(lambda: chore.do(lambda: stopping() or not lease.is_held))

    def _looks_after_disk(self) -> bool:
        try:
            return self._disk is None or self._disk.take()
        except OSError:  # a disk that is away has no files either
            return True


class _Chore:
    def __init__(
        self,
        name: str,
        work: Callable[[Stopping], object],
        every_s: float,
        *,
        first_s: float = 0.0,
    ) -> None:
        self._name = name
        self._work = work
        self._every_s = every_s
        self._first_s = first_s
        self._trouble = ""
        self.begin()

    def begin(self) -> None:
        """Plan its first time."""
        self._due_s = time.monotonic() + self._first_s

    @property
    def is_due(self) -> bool:
        """Whether its time has come."""
        return self._due_s <= time.monotonic()

    def do(self, stopping: Stopping) -> None:
        """Run it, and log a new reason of failure once."""
        self._due_s = time.monotonic() + self._every_s
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


def housekeeping_of(r: Resources, *, lease: Lease | None) -> Housekeeping:
    """All chores, not started; without `lease`, of several processes, only those for this machine's
    disk."""
    settings, db, blobs, proxies = r.settings, r.db, r.blobs, r.proxies
    remover = Remover(
        db,
        blobs=blobs,
        clock=r.clock,
        change_signal=r.change_signal,
        proxies=proxies,
        owners=BLOB_OWNERS,
        makes_room=settings.store.when_full == "remove",
    )
    reconciler = Reconciler(
        db,
        blobs=blobs,
        clock=r.clock,
        change_signal=r.change_signal,
        policy=r.policy,
        owners=BLOB_OWNERS,
        proxies=proxies,
    )
    anchoring = Anchoring(
        db, file=anchor_file(settings.store.media_folder), clock=r.clock, stamps=stamps_of(settings)
    )
    salvage = Salvage(db, parts=r.parts, blobs=blobs, clock=r.clock, change_signal=r.change_signal)
    tips = TipRetention(db, clock=r.clock, spans=r.tip_spans)
    erasures = PendingErasures(db, blobs=blobs, clock=r.clock, proxies=proxies)
    askers = DataRequestRetention(db, clock=r.clock, contact_days=settings.petitions.contact_days)
    dropper = MonthDropper(db, clock=r.clock, keep_months=settings.store.keep_months)
    stamps = EnrolmentStamps(db, clock=r.clock, authority=lambda: stamps_of(settings))
    seals = SealChecks(db, blobs=blobs, clock=r.clock, authority=lambda: authority_of(settings))
    housekeeping = Housekeeping(
        remover,
        reconciler,
        anchoring,
        salvage,
        r.households.arrivals if r.households else None,
        hourly={
            "erase_again": lambda _: erasures.finish(),
            "forget_tips": tips.forget_overdue,
            "forget_askers": askers.forget_overdue,
            "turn_months": lambda _: months.turn(db, r.clock.now()),
            "drop_months": dropper.drop_overdue,
            "stamp_enrolments": stamps.stamp,
        },
        lease=lease,
        disk=FileLock(settings.store.media_folder / DISK_LOCK) if db.is_shared else None,
    )
    housekeeping.add_often("judge_seals", seals.run)
    return housekeeping
