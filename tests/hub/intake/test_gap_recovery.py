"""Gap recovery on both databases: which numbers are requested, from whom, how often."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from agent.wire import topics
from agent.wire.codec import decode_missing, encode
from agent.wire.messages import (
    Event,
    NumbersDropped,
    RecordingResumed,
    RecordingStopped,
    SightingOpened,
    WhyStopped,
)
from agent.wire.presence import Birth, Death, Health
from agent.wire.terms import Picture
from hub.alerting.alerts.rules.grouping import Policy
from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.monitoring import rows as monitoring_rows
from hub.alerting.monitoring.rules.liveness import BrokerLiveness, Thresholds
from hub.alerting.monitoring.rules.troubles import Step, TroubleOver, TroubleRaised
from hub.base.db.database import Database
from hub.base.moment import Moment
from hub.footage.tables import media
from hub.intake.filing.batch import BatchFiler, BatchOutcome
from hub.intake.filing.filing import Filing
from hub.intake.gap_recovery import GapRecovery
from hub.intake.mqtt.inbox import ReceivedMessage
from hub.intake.presence import PresenceRecorder
from hub.intake.rules.gaps import AskPolicy
from hub.nodes.spool.tables import missing_numbers
from hub.registry import health
from tests.hub.rigs.intake_rig import NOW, found_town, tokens
from tests.hub.rigs.wire_words import NodeVoice

pytestmark = pytest.mark.promise("Node to hub: The hub finds gaps and asks for them.")

TOPIC: dict[type, topics.Topic] = {
    Event: topics.EVENT,
    Health: topics.HEALTH,
    Birth: topics.STATUS,
    Death: topics.STATUS,
}
LATER = NOW.plus_s(130)


class Hub:
    """The clerk of a hub, and its database."""

    def __init__(self, db: Database, policy: AskPolicy | None = None) -> None:
        self.db = db
        roll = GapRecovery(policy, draw=lambda _low, high: high)
        self.filer = BatchFiler(Filing(Policy()), PresenceRecorder(tokens()), recovery=roll)

    def hear(self, *said: Event | Birth | Death | Health, now: Moment = NOW) -> BatchOutcome:
        """One batch."""
        batch = [
            ReceivedMessage(topics.address(TOPIC[type(one)], one.node), encode(one), lambda: None)
            for one in said
        ]
        with self.db.writing() as conn:
            return self.filer.file(conn, batch, now=now)

    def asks(self, now: Moment = LATER) -> dict[str, tuple[tuple[int, int], ...]]:
        """Requests to each node."""
        with self.db.writing() as conn:
            replies = self.filer.ask(conn, now=now, for_files=False)
        return {
            (topics.split(reply.topic) or ("?",))[0]: decode_missing(reply.payload).ranges
            for reply in replies
        }

    def asks_for_files(self, now: Moment) -> list[str]:
        """Hashes that are asked for."""
        with self.db.writing() as conn:
            replies = self.filer.ask(conn, now=now, for_files=True)
        return [sha256 for reply in replies for sha256 in decode_missing(reply.payload).media]

    def missing(self) -> set[int]:
        """All numbers that have not come, as the database has them."""
        with self.db.reading() as conn:
            rows = conn.execute(
                select(missing_numbers.c.first_seq, missing_numbers.c.last_seq)
            ).all()
        return {number for first, last in rows for number in range(first, last + 1)}


@pytest.fixture
def hub(db: Database) -> Hub:
    found_town(db, "a", "b")
    return Hub(db)


def spoken(voice: NodeVoice, count: int) -> list[Event]:
    return [voice.event() for _ in range(count)]


def test_numbers_in_order_leave_no_row(hub: Hub) -> None:
    node = NodeVoice("a")
    hub.hear(node.birth(), *spoken(node, 5))
    assert hub.missing() == set()
    assert hub.asks() == {}


@pytest.mark.promise("Node to hub: A gap is a gap only after its time.")
def test_a_gap_is_asked_for_after_its_time_and_closed_by_what_comes(hub: Hub) -> None:
    node = NodeVoice("a")
    said = spoken(node, 9)
    hub.hear(node.birth(), said[0], said[8], said[4])
    assert hub.missing() == {2, 3, 4, 6, 7, 8}
    assert hub.asks(NOW.plus_s(119)) == {}, "alerts go first, so there may be nothing amiss yet"
    assert hub.asks() == {"a": ((2, 4), (6, 8))}
    assert hub.asks() == {}, "once, and again only after a while"

    hub.hear(*said[1:4], *said[5:8])
    assert hub.missing() == set()
    assert hub.asks(NOW.plus_s(1_000_000)) == {}


def test_a_new_hub_process_knows_of_the_gaps_of_the_old_one(hub: Hub, db: Database) -> None:
    node = NodeVoice("a")
    said = spoken(node, 6)
    hub.hear(node.birth(), said[0], said[3])

    anew = Hub(db)
    anew.hear(said[5])
    assert anew.missing() == {2, 3, 5}
    assert anew.asks() == {"a": ((2, 3), (5, 5))}


def test_dropped_numbers_are_waited_for_no_more(hub: Hub) -> None:
    node = NodeVoice("a")
    said = spoken(node, 6)
    dropped = said[5].model_copy(
        update={"body": NumbersDropped(ranges=((2, 3), (5, 5), (900, 901)), reason="full")}
    )
    hub.hear(node.birth(), said[0], said[3], dropped)
    assert hub.missing() == set()


@pytest.mark.promise("Node to hub: A restored hub asks for what its backup lacks.")
def test_a_birth_tells_how_much_there_is(hub: Hub) -> None:
    node = NodeVoice("a")
    hub.hear(node.birth().model_copy(update={"last_seq": 7}), spoken(node, 1)[0])
    assert hub.asks() == {"a": ((2, 7),)}, "a restored hub would not know of a last event else"


@pytest.mark.promise("Node to hub: A re-imaged node starts a new spool.")
def test_only_a_node_that_is_here_with_that_very_spool_is_asked(hub: Hub) -> None:
    here, away = NodeVoice("a"), NodeVoice("b")
    birth = away.birth()
    hub.hear(here.birth(), birth, spoken(here, 3)[2], spoken(away, 4)[3])
    hub.hear(away.death(birth.birth_id))
    assert hub.asks() == {"a": ((1, 2),)}

    imaged = replace(here, spool_id=uuid4(), seq=0)
    with capture_logs() as logs:
        hub.hear(imaged.birth(), imaged.event())
    assert [
        (line["node"], line["numbers"])
        for line in logs
        if line["event"] == "intake.numbers_lost_with_spool"
    ] == [("a", 2)]
    assert hub.asks(NOW.plus_s(1_000_000)) == {}, "number 1 of the new spool is not that of the old"


def test_requests_end_and_what_comes_after_all_is_taken(hub: Hub) -> None:
    node = NodeVoice("a")
    said = spoken(node, 2)
    hub.hear(node.birth(), said[1])
    asked = 0
    with capture_logs() as logs:
        for hour in range(100):
            asked += bool(hub.asks(NOW.plus_s(3600 * hour + 130)))
    assert asked == 20
    assert [line["numbers"] for line in logs if line["event"] == "intake.numbers_lost"] == ["1-1"]

    hub.hear(said[0])
    assert hub.missing() == set()


def test_a_restored_town_is_not_asked_all_at_once(db: Database) -> None:
    names = [f"n-{number}" for number in range(25)]
    found_town(db, *names)
    hub = Hub(db)
    for name in names:
        node = NodeVoice(name)
        hub.hear(node.birth(), spoken(node, 2)[1])
    assert [len(hub.asks()), len(hub.asks()), len(hub.asks())] == [20, 5, 0]


def test_what_a_rolled_back_batch_noted_is_forgotten(hub: Hub, db: Database) -> None:
    node = NodeVoice("a")
    said = spoken(node, 5)
    hub.hear(node.birth(), said[0])
    with pytest.raises(ZeroDivisionError), db.writing() as conn:
        topic = topics.address(topics.EVENT, "a")
        hub.filer.file(conn, [ReceivedMessage(topic, encode(said[4]), lambda: None)], now=NOW)
        raise ZeroDivisionError
    hub.filer.forget()
    hub.hear(said[1])
    assert hub.missing() == set()


def test_a_file_that_stays_away_is_asked_for_once_an_hour(hub: Hub, db: Database) -> None:
    node = NodeVoice("a")
    event = node.event()
    assert isinstance(event.body, SightingOpened)
    picture = Picture(sha256="ab" * 32, size_bytes=3, width=4, height=5)
    body = event.body.model_copy(update={"picture": picture})
    hub.hear(node.birth(), event.model_copy(update={"body": body}))

    assert hub.asks_for_files(NOW.plus_s(600)) == []
    assert hub.asks_for_files(NOW.plus_s(1_000)) == [picture.sha256]
    assert hub.asks_for_files(NOW.plus_s(2_000)) == []
    assert hub.asks_for_files(NOW.plus_s(5_000)) == [picture.sha256]
    with db.writing() as conn:
        conn.execute(update(media).values(stored_utc_us=NOW.utc_us))
    assert hub.asks_for_files(NOW.plus_s(50_000)) == []
    with db.reading() as conn:
        assert conn.scalar(select(func.count()).select_from(media)) == 1


@pytest.mark.promise("Faults: A receipt for an unsent event changes nothing.")
def test_a_receipt_for_what_was_never_stored_is_found_out_and_asked_for(hub: Hub) -> None:
    node = NodeVoice("a")
    said = spoken(node, 3)
    hub.hear(node.birth(), said[0], said[2])  # whoever receipted number 2, it was not this hub
    assert hub.asks() == {"a": ((2, 2),)}


def test_health_too_tells_how_much_there_is_so_that_a_quiet_node_is_asked(hub: Hub) -> None:
    node = NodeVoice("a")
    hub.hear(node.birth(), node.health(last_seq=3))
    assert hub.asks() == {"a": ((1, 3),)}


@pytest.mark.promise("Node state and clocks: Each node reports its health each minute.")
def test_the_last_health_of_a_node_counts_and_a_week_of_samples_is_kept(
    hub: Hub, db: Database
) -> None:
    node = NodeVoice("a")
    for hour in range(0, 9 * 24, 6):
        for second in (0, 60, 899):
            hub.hear(
                node.health(uptime_s=hour * 3600 + second), now=NOW.plus_s(hour * 3600 + second)
            )
    with db.reading() as conn:
        ((node_id, last),) = health.latest(conn).items()
        kept = health.history(conn, node_id)
    assert last.said.uptime_s == (9 * 24 - 6) * 3600 + 899
    assert last.received_utc_us == NOW.plus_s(last.said.uptime_s).utc_us
    assert [one.said.uptime_s // 3600 for one in kept] == [*range((2 * 24 - 6), 9 * 24, 6)]


def test_health_of_a_node_that_nobody_added_is_counted_and_not_kept(hub: Hub, db: Database) -> None:
    assert hub.hear(NodeVoice("stranger").health()).counts == {"received": 1, "unknown_node": 1}
    with db.reading() as conn:
        assert health.latest(conn) == {}


@pytest.mark.promise("Node to hub: Two nodes with one identity raise one alarm.")
def test_two_nodes_of_one_name_are_one_alarm_and_are_over_an_hour_after_the_last(
    hub: Hub, db: Database
) -> None:
    one, other = NodeVoice("a"), NodeVoice("a")
    steps: list[Step] = []
    for minute in range(0, 30, 5):
        now = NOW.plus_s(60 * minute)
        hub.hear((one, other)[minute // 5 % 2].birth(), now=now)
        steps += look(db, now)
    for minute in (60, 85, 86, 120):
        hub.hear(one.health(), now=NOW.plus_s(60 * minute))
        steps += look(db, NOW.plus_s(60 * minute))
    assert [type(step) for step in steps] == [TroubleRaised, TroubleOver]
    assert isinstance(steps[0], TroubleRaised)
    assert steps[0].kind is Kind.NODE_RIVAL


def look(db: Database, now: Moment) -> list[Step]:
    """The hub's liveness monitor looks."""
    up = BrokerLiveness(is_up=True, since_utc_us=NOW.plus_s(-3600).utc_us)
    with db.writing() as conn:
        steps = monitoring_rows.look(conn, up, Thresholds(), now=now)
        for step in steps:
            monitoring_rows.act(conn, step, now=now)
    return steps


def test_a_node_that_reports_no_more_is_silent_though_its_line_stands(
    hub: Hub, db: Database
) -> None:
    node = NodeVoice("a")
    hub.hear(node.birth(), node.health())
    assert look(db, NOW.plus_s(290)) == []
    (step,) = look(db, NOW.plus_s(400))
    assert isinstance(step, TroubleRaised)
    assert step.kind is Kind.NODE_SILENT


@pytest.mark.promise("Clips: Held footage is never removed.")
def test_a_node_that_records_nothing_is_one_alarm_until_it_records_again(
    hub: Hub, db: Database
) -> None:
    node, said = NodeVoice("a"), RecordingStopped(why=WhyStopped.HELD, detail="held clips")
    hub.hear(node.birth(), node.health())
    steps = look(db, NOW)
    for body in (said, said.model_copy(update={"why": WhyStopped.ROOM}), RecordingResumed()):
        hub.hear(node.event().model_copy(update={"body": body}))
        steps += look(db, NOW)
        steps += look(db, NOW)
    assert [type(step) for step in steps] == [TroubleRaised, TroubleOver]
    assert isinstance(steps[0], TroubleRaised)
    assert steps[0].kind is Kind.NODE_UNRECORDED
