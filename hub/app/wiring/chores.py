"""Wiring of the chores: which ones this process does."""

from dataclasses import dataclass
from typing import Final

from hub.app.config import HubSettings
from hub.app.housekeeping import Housekeeping
from hub.app.months.dropping import MonthDropper
from hub.app.wiring import timestamping
from hub.app.wiring.blob_owners import BLOB_OWNERS
from hub.app.wiring.evidence import authority_of
from hub.app.wiring.log_anchor import anchor_file
from hub.app.wiring.policy import policy
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db import months
from hub.base.db.database import Database
from hub.base.processes.file_lock import FileLock
from hub.base.processes.lease import Lease
from hub.base.storage.blobs import Blobs
from hub.base.storage.partial_files import PartialFiles
from hub.cases.seal_checks import SealChecks
from hub.footage.growing.salvage import Salvage
from hub.footage.retention.reconcile import Reconciler
from hub.footage.retention.remover import Remover
from hub.footage.transcoding.proxies import Proxies
from hub.nodes.enrolment.key_lines import EnrolmentStamps
from hub.oversight.log.anchor import Anchoring
from hub.public.data_requests.eraser import PendingErasures
from hub.public.data_requests.retention import DataRequestRetention
from hub.public.households.port import HouseholdServices
from hub.public.tips.retention import TipRetention, TipSpans

DISK_LOCK: Final = "chores-lock"
"""File of a lock; of several processes on one machine, its holder looks after the files on the
disk."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The stores that the chores keep in order."""

    db: Database
    blobs: Blobs
    proxies: Proxies
    parts: PartialFiles


def build(
    settings: HubSettings,
    stores: Stores,
    *,
    clock: Clock,
    change_signal: ChangeSignal,
    households: HouseholdServices | None,
    lease: Lease | None,
) -> Housekeeping:
    """All chores, not started; without `lease`, of several processes, only those for this machine's
    disk."""
    db, blobs, proxies = stores.db, stores.blobs, stores.proxies
    remover = Remover(
        db,
        blobs=blobs,
        clock=clock,
        change_signal=change_signal,
        proxies=proxies,
        owners=BLOB_OWNERS,
        makes_room=settings.store.when_full == "remove",
    )
    reconciler = Reconciler(
        db,
        blobs=blobs,
        clock=clock,
        change_signal=change_signal,
        policy=policy(settings.alerts),
        owners=BLOB_OWNERS,
        proxies=proxies,
    )
    anchoring = Anchoring(
        db, file=anchor_file(settings), clock=clock, stamps=timestamping.asked(settings)
    )
    salvage = Salvage(db, parts=stores.parts, blobs=blobs, clock=clock, change_signal=change_signal)
    tips = TipRetention(
        db, clock=clock, spans=TipSpans(settings.tips.contact_days, settings.tips.keep_days)
    )
    erasures = PendingErasures(db, blobs=blobs, clock=clock, proxies=proxies)
    askers = DataRequestRetention(db, clock=clock, contact_days=settings.petitions.contact_days)
    dropper = MonthDropper(db, clock=clock, keep_months=settings.store.keep_months)
    stamps = EnrolmentStamps(db, clock=clock, authority=lambda: timestamping.asked(settings))
    seals = SealChecks(db, blobs=blobs, clock=clock, authority=lambda: authority_of(settings))
    housekeeping = Housekeeping(
        remover,
        reconciler,
        anchoring,
        salvage,
        households.arrivals if households else None,
        hourly={
            "erase_again": lambda _: erasures.finish(),
            "forget_tips": tips.forget_overdue,
            "forget_askers": askers.forget_overdue,
            "turn_months": lambda _: months.turn(db, clock.now()),
            "drop_months": dropper.drop_overdue,
            "stamp_enrolments": stamps.stamp,
        },
        lease=lease,
        disk=FileLock(settings.store.media_folder / DISK_LOCK) if db.is_shared else None,
    )
    housekeeping.add_often("judge_seals", seals.run)
    return housekeeping
