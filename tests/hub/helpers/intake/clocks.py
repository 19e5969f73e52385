"""Helpers of the tests of clocks, used by more than one module."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import select

from agent.journal import Journal
from agent.media.frame import Instant
from agent.uplink.events import sighting_event
from agent.vision.detect.person import ObjectKind
from agent.vision.geometry import Box
from agent.vision.sightings.changes import Closed, Opened
from agent.wire import topics
from agent.wire.codec import encode
from agent.wire.terms import ClockSource
from hub.alerting.alerts.tables import alerts, sightings
from hub.base.db.database import Database
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.nodes.spool.tables import events
from tests.hub.rigs.intake_rig import NOW, filer, found_town
from tests.hub.rigs.wire_words import NodeVoice

S_US = 1_000_000
TRUSTED = (ClockSource.NTP, 20)
NOBODY = (ClockSource.NONE, None)


@dataclass
class World:
    """The true time, a node whose clock says something else, and a hub that knows the true one."""

    db: Database
    folder: Path
    true_s: float = 0.0
    boot_id: UUID = field(default_factory=uuid4)
    booted_s: float = -10.0
    off_s: float = 0.0
    """How far the node's clock is ahead."""
    trust: tuple[ClockSource, int | None] = NOBODY
    truth: dict[UUID, float] = field(default_factory=dict)
    """When each sighting was first seen, and by its number when each event was said."""
    said: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.files = filer()
        self.journal = self._open()
        self._hub_hears([])

    def _open(self) -> Journal:
        return Journal.open(
            self.folder / "j.db",
            now=self.instant,
            boot_id=self.boot_id,
            trust=lambda: self.trust,
        )

    def instant(self) -> Instant:
        """Both clocks of the node."""
        mono_ns = round((self.true_s - self.booted_s) * 1e9)
        return Instant(mono_ns, max(0, NOW.utc_us + round((self.true_s + self.off_s) * S_US)))

    def reboot(self, off_s: float) -> None:
        """The power was gone for a minute."""
        self.journal.close()
        self.true_s += 60
        self.boot_id, self.booted_s = uuid4(), self.true_s - 10
        self.off_s, self.trust = off_s, NOBODY
        self.journal = self._open()

    def ntp(self) -> None:
        """The network's time has come."""
        self.off_s, self.trust = 0.0, TRUSTED
        with self.journal.transaction() as tx:
            if tx.place_boot():
                self.said.append(self.true_s)

    def somebody_walks(self, step_s: float | None = None) -> UUID:
        """Seen for five seconds, after two of which the clock is set to be `step_s` off."""
        first, sighting_id = self.instant(), uuid4()
        self.truth[sighting_id] = self.true_s
        self.true_s += 2
        if step_s is not None:
            self.off_s = step_s
            self.trust = self.trust if step_s == 0 else NOBODY  # as the kernel does
        opened = Opened(
            sighting_id=sighting_id,
            track_id=1,
            kind=ObjectKind.PERSON,
            people=1,
            score=0.9,
            box=Box(0.1, 0.1, 0.2, 0.2),
            first_seen=first,
            at=self.instant(),
        )
        self._say(opened)
        self.true_s += 3
        last = self.instant()
        self.true_s += 1
        self._say(Closed(sighting_id, first, last, self.instant()))
        return sighting_id

    def _say(self, change: Opened | Closed) -> None:
        with self.journal.transaction() as tx:
            tx.add_event(sighting_event(change, camera="cam-1", picture=None), at=change.at)
        self.said.append(self.true_s)

    def deliver(self) -> None:
        """All that is owed reaches the hub, a tenth of a second later."""
        while owed := self.journal.waiting(50):
            now = self.instant()
            self._hub_hears(
                [
                    one.message(
                        node="n", spool_id=self.journal.spool_id, boot_id=self.boot_id, now=now
                    )
                    for one in owed
                ]
            )
            self.journal.receipt([one.event_id for one in owed])

    def _hub_hears(self, said: list[object]) -> None:
        voice = NodeVoice("n")
        birth = ReceivedMessage(
            topics.address(topics.STATUS, "n"), encode(voice.birth()), lambda: None
        )
        batch = [
            ReceivedMessage(topics.address(topics.EVENT, "n"), encode(one), lambda: None)  # type: ignore[arg-type] # events
            for one in said
        ]
        with self.db.writing() as conn:
            self.files.file(conn, [birth, *batch], now=NOW.plus_s(self.true_s + 0.1))

    def rows(self) -> list[tuple[float, int | None]]:
        """When each event happened as the hub has it, seconds of the true clock, in its order."""
        with self.db.reading() as conn:
            found = conn.execute(
                select(events.c.happened_utc_us, events.c.happened_error_ms).order_by(events.c.seq)
            ).all()
        return [((utc_us - NOW.utc_us) / S_US, error_ms) for utc_us, error_ms in found]

    def check_spans(self) -> None:
        """Nothing ends before it began."""
        with self.db.reading() as conn:
            for row in conn.execute(select(sightings)).all():
                assert row.first_seen_utc_us <= row.confirmed_utc_us <= row.last_seen_utc_us
                assert row.closed_utc_us is None or row.confirmed_utc_us <= row.closed_utc_us
            for row in conn.execute(select(alerts)).all():
                assert row.began_utc_us <= row.confirmed_utc_us <= row.last_seen_utc_us

    def first_seen_s(self, sighting_id: UUID) -> tuple[float, int | None]:
        with self.db.reading() as conn:
            row = conn.execute(select(sightings).where(sightings.c.id == sighting_id)).one()
        return (row.first_seen_utc_us - NOW.utc_us) / S_US, row.first_seen_error_ms


@contextmanager
def world(sqlite_url: str, folder: Path, off_s: float) -> Iterator[World]:
    db = Database(sqlite_url)
    found_town(db, "n")
    made = World(db, folder, off_s=off_s)
    yield made
    made.journal.close()
    db.close()


IN_1970 = -NOW.utc_us / S_US
