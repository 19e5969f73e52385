"""A week without a network: the node keeps everything, and the hub files it as late without
alerting."""

from collections import Counter
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from agent.journal import Journal, JournalLimits
from agent.media.frame import Instant
from agent.uplink.outbox import Outbox, OutboxPolicy
from agent.wire import topics
from agent.wire.codec import encode
from agent.wire.messages import CameraLost, SightingOpened
from agent.wire.terms import ClockSource
from hub.alerting.alerts.tables import alerts
from hub.base.db.database import Database
from hub.intake.filing.batch import BatchFiler
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.nodes.spool.tables import events
from tests.agent.rigs.hubside import opened
from tests.hub.rigs.intake_rig import NOW, count, filer, found_town
from tests.hub.rigs.wire_words import NodeVoice

BOOT = UUID(int=1)
DAY_S = 86_400
EVERY_S = 600


class Clock:
    """Both clocks of the node, moved by hand; it ends at the hub's NOW."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def now(self) -> Instant:
        utc_us = NOW.plus_s(self.at_s - 7 * DAY_S).utc_us
        return Instant(round((1_000 + self.at_s) * 1e9), utc_us)


def body(number: int, now: Instant) -> SightingOpened | CameraLost:
    """Every third is an alert."""
    if number % 3:
        return CameraLost(camera="cam-1", reason=str(number))
    first_seen = {"first_seen_utc_us": now.utc_us - 400_000}
    return opened("cam-1").model_copy(update=first_seen)


@pytest.mark.promise("Node to hub: A week without a line loses no event.")
def test_a_week_of_events_arrives_whole_with_new_alerts_first_and_old_ones_late(
    tmp_path: Path, sqlite_url: str
) -> None:
    clock = Clock()
    journal = Journal.open(
        tmp_path / "j.db",
        now=clock.now,
        boot_id=BOOT,
        trust=lambda: (ClockSource.NTP, 20),
        limits=JournalLimits(),
    )
    total = 7 * DAY_S // EVERY_S
    for day in range(7):
        with journal.transaction() as tx:
            for number in range(day * total // 7, (day + 1) * total // 7):
                clock.at_s = float(number * EVERY_S)
                tx.add_event(body(number, clock.now()), at=clock.now())
    clock.at_s = 7.0 * DAY_S
    with journal.transaction() as tx:
        tx.add_event(body(0, clock.now()), at=clock.now())
    assert journal.counts().waiting == total + 1, "the bound is not reached by a week of this"

    db = Database(sqlite_url)
    found_town(db, "n")
    files = filer()
    voice = NodeVoice("n", spool_id=journal.spool_id)
    with db.writing() as conn:
        birth = ReceivedMessage(
            topics.address(topics.STATUS, "n"), encode(voice.birth()), lambda: None
        )
        files.file(conn, [birth], now=NOW)
    order = drain(journal, db, files, clock)

    priorities = [number in order[: total // 3 + 1] for number in (1, total + 1)]
    assert priorities == [True, True], "all alerts went before all others"
    assert sorted(order) == list(range(1, total + 2))
    with db.reading() as conn:
        fates = Counter(
            conn.scalars(select(events.c.fate).where(events.c.kind == "sighting_opened"))
        )
    assert fates == {"late": total // 3, "alerted": 1}
    assert count(db, alerts) == 1
    db.close()
    journal.close()


def drain(journal: Journal, db: Database, files: BatchFiler, clock: Clock) -> list[int]:
    """Send all of it over a line that works, on the node's clock; the numbers in their order."""
    outbox, order = Outbox(OutboxPolicy(window=200)), list[int]()
    while owed := journal.waiting(outbox.reach):
        chosen = outbox.choose(owed, clock.at_s)
        batch = [
            ReceivedMessage(
                topics.address(topics.EVENT, "n"),
                encode(
                    one.message(node="n", spool_id=journal.spool_id, boot_id=BOOT, now=clock.now())
                ),
                lambda: None,
            )
            for one in chosen
        ]
        with db.writing() as conn:
            files.file(conn, batch, now=NOW)
        journal.receipt([one.event_id for one in chosen])
        outbox.answered([one.event_id for one in chosen])
        order += [one.seq for one in chosen]
    return order
