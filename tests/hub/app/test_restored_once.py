"""Backup, more events, a lost machine, restore: everything is there again, and nobody is alerted
twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from agent.journal import Journal
from deploy.broker import Broker
from hub.access.grants import people_rows, rows
from hub.access.rules.grants import Grant, Right
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
from hub.notify.phones.rows import NewPhoneRow, put_phone
from hub.notify.tables import notifications
from hub.registry import registry
from tests.agent.helpers.uplink.link import address as node_address
from tests.agent.helpers.uplink.link import make_link
from tests.agent.rigs.hubside import NODE, Running, now, open_journal, opened
from tests.hub.helpers.app.backup import Place
from tests.hub.rigs.intake_rig import address, found_town, tokens
from tests.hub.rigs.streets import CHEAP
from tests.waiting import until

pytestmark = pytest.mark.promise("Node to hub: A restored hub ends complete.")

SOON = AskPolicy(gap_after_s=0.2, again_first_s=0.2)
EACH_ALONE = Policy(group_quiet_s=0, group_max_s=0, cooldown_s=0)
LATE_AT_ONCE = replace(EACH_ALONE, late_after_s=0)
"""Ten minutes of lateness, in no time."""


@contextmanager
def at_work(db: Database, broker: Broker, policy: Policy) -> Iterator[None]:
    """The intake as the hub has it, but in a hurry; the database is closed with it."""
    filer = BatchFiler(
        Filing(policy),
        PresenceRecorder(tokens()),
        recovery=GapRecovery(SOON),
    )
    hub = Subscriber(
        address(broker),
        writer=BatchWriter(db, filer=filer, clock=HubClock(), change_signal=ChangeSignal()),
        backoff=Backoff(first_s=0.1, longest_s=0.2),
        births_every_s=0.1,
        ask_every_s=0.1,
    )
    hub.start()
    try:
        yield
    finally:
        hub.stop()
        db.close()


def an_officer_with_a_phone(db: Database) -> None:
    moment = HubClock().now()
    with db.writing() as conn:
        person_id = people_rows.add_person(
            conn,
            login="an",
            name="An",
            language="vi",
            role="officer",
            password="password of an",
            passwords=CHEAP,
            now=moment,
        )
        rights = Right.SEE | Right.ALERTED
        area_id = registry.area_by_name(conn, "Tân Khai")
        grant = Grant(area_id, None, rights, starts_utc_us=moment.utc_us - 1)
        rows.add_grant(conn, person_id=person_id, grant=grant, reason="duty", now=moment)
        phone = NewPhoneRow(
            channel="webpush", address="https://push.example/an", secrets="{}", label="p"
        )
        put_phone(conn, person_id, phone, now=moment)


def somebody(journal: Journal, after_s: int) -> None:
    """A person who is no part of what was seen before."""
    body = opened()
    first_us = HubClock().now().utc_us - 400_000_000 + after_s * 20_000_000
    with journal.transaction() as tx:  # a moment ago: so late, however quick the way to the hub is
        at = now().before(1.0)
        tx.add_event(body.model_copy(update={"first_seen_utc_us": first_us}), at=at)


def count(db: Database, table: object) -> int:
    with db.reading() as conn:
        return int(conn.scalar(select(func.count()).select_from(table)) or 0)  # type: ignore[arg-type] # a table


def test_a_restored_hub_has_it_all_and_wakes_nobody_for_what_is_old(
    broker: Broker, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path / "hub", database_url, capsys)
    journal = open_journal(tmp_path / "journal.db")
    backup = str(place.folder / "backup.zip")
    db = Database(database_url)
    found_town(db, NODE)
    an_officer_with_a_phone(db)
    with Running(make_link(journal, node_address(broker))):
        with at_work(db, broker, EACH_ALONE):
            for number in range(5):
                somebody(journal, number)
            until(lambda: count(db, events) == 5, "five are filed")
            place.desk.says("backup", backup)
            owed = count(db, notifications)
            for number in range(5, 17):
                somebody(journal, number)
            until(lambda: count(db, events) == 17, "seventeen are filed")
            until(lambda: journal.counts().waiting == 0, "and receipted")
            assert count(db, notifications) > owed > 0, "phones were woken for all of them"
        place.desk.says("restore", backup, "--force")

        restored = Database(database_url)
        assert (count(restored, events), count(restored, notifications)) == (5, owed)
        with at_work(restored, broker, LATE_AT_ONCE):
            somebody(journal, 17)  # or the next word of its health: a node tells how far it counted
            until(lambda: count(restored, events) == 18, "what the backup lacked is there")
            until(lambda: journal.counts().waiting == 0, "nothing is owed")
    again = Database(database_url)
    with again.reading() as conn:
        fates = conn.scalars(select(events.c.fate).order_by(events.c.seq)).all()
    assert set(fates[5:]) == {"late"}
    assert count(again, notifications) == owed, "nobody is woken for what is old"
    again.close()
    journal.close()
