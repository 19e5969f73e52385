"""The chores that this process does."""

from typing import Final

from hub.app.evidence import authority_of, stamps_of
from hub.app.housekeeping import Housekeeping
from hub.app.months.dropping import MonthDropper
from hub.app.resources import Resources
from hub.app.wiring.blob_owners import BLOB_OWNERS
from hub.base.db import months
from hub.base.processes.file_lock import FileLock
from hub.base.processes.lease import Lease
from hub.cases.seal_checks import SealChecks
from hub.footage.growing.salvage import Salvage
from hub.footage.retention.reconcile import Reconciler
from hub.footage.retention.remover import Remover
from hub.nodes.enrolment.key_lines import EnrolmentStamps
from hub.oversight.log.anchor import Anchoring, anchor_file
from hub.public.data_requests.eraser import PendingErasures
from hub.public.data_requests.retention import DataRequestRetention
from hub.public.tips.retention import TipRetention

DISK_LOCK: Final = "chores-lock"
"""File of a lock; of several processes on one machine, its holder looks after the files on the
disk."""


def build(r: Resources, *, lease: Lease | None) -> Housekeeping:
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
