"""A hub restored from a backup asks the real agent for what it lacks, and gets all of it."""

import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from deploy.broker import Broker
from hub.alerting.alerts.rules.grouping import Policy
from hub.base.backoff import Backoff
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.database import Database
from hub.intake.filing.batch import BatchFiler
from hub.intake.filing.filing import Filing
from hub.intake.gap_recovery import GapRecovery
from hub.intake.presence import PresenceRecorder
from hub.intake.rules.gaps import AskPolicy
from hub.intake.subscriber import BatchWriter, Subscriber
from hub.nodes.spool.tables import events
from tests.agent.helpers.uplink.link import address as node_address
from tests.agent.helpers.uplink.link import make_link
from tests.agent.rigs.hubside import NODE, Running, open_journal, put
from tests.hub.rigs.intake_rig import address, found_town, tokens
from tests.waiting import until

SOON = AskPolicy(gap_after_s=0.2, again_first_s=0.2)


def intake(db: Database, broker: Broker) -> Subscriber:
    filer = BatchFiler(Filing(Policy()), PresenceRecorder(tokens()), recovery=GapRecovery(SOON))
    return Subscriber(
        address(broker),
        writer=BatchWriter(db, filer=filer, clock=HubClock(), change_signal=ChangeSignal()),
        backoff=Backoff(first_s=0.1, longest_s=0.2),
        births_every_s=0.1,
        ask_every_s=0.1,
    )


def numbers(db: Database, spool_id: UUID) -> list[int]:
    with db.reading() as conn:
        return [*conn.scalars(select(events.c.seq).where(events.c.spool_id == spool_id))]


def back_up(live: Path, copy: Path) -> None:
    with sqlite3.connect(live) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()


@pytest.mark.promise("Node to hub: A restored hub asks for what its backup lacks.")
@pytest.mark.promise("Node to hub: A restored hub ends complete.")
def test_a_restored_hub_ends_complete(broker: Broker, sqlite_url: str, tmp_path: Path) -> None:
    live, copy = Path(sqlite_url.removeprefix("sqlite:///")), tmp_path / "backup.db"
    journal = open_journal(tmp_path / "journal.db")
    db = Database(sqlite_url)
    found_town(db, NODE)
    hub = intake(db, broker)
    hub.start()
    with Running(make_link(journal, node_address(broker))):
        for _ in range(10):
            put(journal)
        until(lambda: journal.counts().waiting == 0, "ten are receipted")
        back_up(live, copy)
        for _ in range(20):
            put(journal)
        until(lambda: journal.counts().waiting == 0, "thirty are receipted")
        hub.stop()
        db.close()

        restored = Database(f"sqlite:///{copy}")
        assert len(numbers(restored, journal.spool_id)) == 10
        hub = intake(restored, broker)
        hub.start()
        try:
            put(journal)
            everything = list(range(1, 32))
            until(
                lambda: sorted(numbers(restored, journal.spool_id)) == everything,
                "what the backup lacked is there, each number once",
            )
            until(lambda: journal.counts().waiting == 0, "nothing is owed")
        finally:
            hub.stop()
            restored.close()
    journal.close()
