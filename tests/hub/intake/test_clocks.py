"""Nodes with wrong clocks (1970, steps by years): their events get the right times in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
from hub.base.moment import Moment
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.rules.boot_clock import BootClock, StampedTimes, happened
from hub.nodes.spool.tables import events
from tests.hub.rigs.intake_rig import NOW, count, filer, found_town
from tests.hub.rigs.wire_words import NodeVoice
from tests.schedules import tries

pytestmark = pytest.mark.promise(
    "Node state and clocks: A wrong wall clock does not change durations."
)

S_US = 1_000_000
YEAR_S = 365 * 86_400
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


@pytest.mark.promise("Node state and clocks: Time stamps are corrected when the clock is trusted.")
def test_what_was_said_in_1970_is_vouched_for_once_the_clock_is_trusted(
    sqlite_url: str, tmp_path: Path
) -> None:
    with world(sqlite_url, tmp_path, IN_1970) as node:
        who = node.somebody_walks()
        node.deliver()
        seen_s, error_ms = node.first_seen_s(who)
        assert seen_s == pytest.approx(node.truth[who], abs=0.2), "at once by its age"
        assert error_ms is None, "though nobody vouches for it"
        node.true_s += 300
        node.ntp()
        node.deliver()
        seen_s, error_ms = node.first_seen_s(who)
        assert seen_s == pytest.approx(node.truth[who], abs=0.02)
        assert error_ms is not None
        assert error_ms < 100
        node.check_spans()
        with node.db.reading() as conn:
            (alert,) = conn.execute(select(alerts)).all()
        assert (alert.clock_source, alert.revision > 2) == ("ntp", True)


@pytest.mark.promise("Node state and clocks: Time stamps are corrected when the clock is trusted.")
def test_what_a_boot_said_unheard_is_placed_by_its_own_clock_after_a_reboot(
    sqlite_url: str, tmp_path: Path
) -> None:
    with world(sqlite_url, tmp_path, IN_1970) as node:
        who = node.somebody_walks()
        node.true_s += 3600
        node.ntp()
        node.reboot(IN_1970)
        node.true_s += 5000
        node.deliver()
        assert node.first_seen_s(who)[0] == pytest.approx(node.truth[who], abs=0.02)
        node.check_spans()


@pytest.mark.promise("Faults: Future and past time stamps are handled.")
def test_a_boot_that_never_had_a_clock_is_of_the_time_of_receipt_and_doubted(
    sqlite_url: str, tmp_path: Path
) -> None:
    with world(sqlite_url, tmp_path, IN_1970) as node:
        who = node.somebody_walks()
        node.reboot(IN_1970)
        node.deliver()
        seen_s, error_ms = node.first_seen_s(who)
        assert seen_s == pytest.approx(node.true_s, abs=10)
        assert error_ms is None
        assert count(node.db, alerts) == 1, "one alert too many is better than one too few"
        node.check_spans()


def test_a_clock_set_by_years_between_two_frames_tears_no_sighting_apart(
    sqlite_url: str, tmp_path: Path
) -> None:
    with world(sqlite_url, tmp_path, IN_1970) as node:
        node.trust = TRUSTED  # the kernel says so a moment before it is so
        who = node.somebody_walks(step_s=0.0)
        node.deliver()
        assert node.first_seen_s(who)[0] == pytest.approx(node.truth[who], abs=0.2)
        node.check_spans()


fates = st.lists(
    st.sampled_from(["walk", "step", "ntp", "reboot", "deliver", "hour"]), min_size=1, max_size=14
)


@pytest.mark.promise("Node state and clocks: No clock error loses or doubles an event.")
@given(fates, st.sampled_from([IN_1970, -3 * YEAR_S, 2.0 * YEAR_S, 5.0]))
@settings(max_examples=tries(25))
def test_whatever_the_clock_does_nothing_is_lost_torn_or_turned_round(
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    done: list[str],
    off_s: float,
) -> None:
    folder = tmp_path_factory.mktemp("world")
    (folder / "hub.db").write_bytes(sqlite_template.read_bytes())
    with world(f"sqlite:///{folder / 'hub.db'}", folder, off_s) as node:
        for fate in done:
            match fate:
                case "walk":
                    node.somebody_walks()
                case "step":
                    node.somebody_walks(step_s=off_s)
                case "ntp":
                    node.ntp()
                case "reboot":
                    node.reboot(off_s)
                case "deliver":
                    node.deliver()
                case _:
                    node.true_s += 3600
        node.ntp()
        node.deliver()
        rows = node.rows()
        assert len(rows) == node.journal.last_seq() == len(node.said)
        for (told_s, error_ms), true_s in zip(rows, node.said, strict=True):
            if error_ms is not None:
                assert abs(told_s - true_s) <= error_ms / 1000 + 0.05
        node.check_spans()


def told(stamp_s: float, *, error_ms: int | None = 20, age_ms: int | None = 500) -> Moment:
    stamp = Moment(NOW.plus_s(stamp_s).utc_us, error_ms)
    return happened(StampedTimes(stamp, age_ms, None), None, now=NOW)


@pytest.mark.promise("Faults: Future and past time stamps are handled.")
def test_a_stamp_from_the_future_is_believed_within_its_bound_and_a_journey() -> None:
    assert told(1.9).utc_us == NOW.plus_s(1.9).utc_us
    assert told(3600) == Moment(NOW.plus_s(-0.5).utc_us), "else it is the receipt less the age"
    assert told(3600, age_ms=None) == Moment(NOW.utc_us), "or the receipt"
    assert told(3600, error_ms=4_000_000).utc_us == NOW.plus_s(3600).utc_us
    doubtful_hub = Moment(NOW.utc_us, None)
    stamp = Moment(NOW.plus_s(3600).utc_us, 20)
    assert happened(StampedTimes(stamp, 500, None), None, now=doubtful_hub) == stamp


def test_a_boot_is_less_sure_the_further_from_its_trusted_stamp() -> None:
    boot = BootClock(Moment(NOW.utc_us, 20), uptime_ms=1_000_000)
    assert boot.place(1_000_000) == Moment(NOW.utc_us, 20)
    assert boot.place(400_000) == Moment(NOW.plus_s(-600).utc_us, 80)
    assert boot.place(0).error_ms == 120
