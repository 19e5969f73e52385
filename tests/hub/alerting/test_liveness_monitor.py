"""Troubles become alerts of the people who look after the cameras: once, on both databases."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from agent.wire.messages import CameraBack, CameraLost
from agent.wire.presence import Birth, Death
from hub.access.rules.grants import Right
from hub.alerting.alerts.tables import alert_history, alerts, troubles
from hub.alerting.monitoring.monitor import LivenessMonitor
from hub.alerting.monitoring.rules.liveness import Thresholds
from hub.alerting.response.service import ResponseService
from hub.base.audit.asker import Asker
from hub.base.db.database import Database
from hub.base.processes.lease import Lease
from hub.console.service import InboxService
from hub.nodes import presence
from hub.notify.tables import notifications
from hub.registry import registry
from hub.registry.tables import nodes
from tests.hub.rigs.streets import Mouth, Streets

pytestmark = pytest.mark.promise(
    "Node state and clocks: A dead camera, node, line and broker are told apart."
)

KEEPER = Right.SEE | Right.MANAGE

T = TypeVar("T")


@dataclass
class Watch:
    """Streets with a liveness monitor that looks every five seconds of the test's clock."""

    streets: Streets
    is_broker_up: bool = True
    listed: tuple[str, ...] = ("broker-1:8883", "broker-2:8883", "broker-3:8883")
    unheard: tuple[str, ...] | None = ()
    """Of those listed; None while nobody knows."""
    births: dict[str, Birth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.start_again()
        self.births = {mouth.name: mouth.birth() for mouth in (self.node, self.other)}
        for name in self.births:
            self.comes(name)
        self.pass_s(120)

    @property
    def node(self) -> Mouth:
        return self.streets.node

    @property
    def other(self) -> Mouth:
        return self.streets.other

    def start_again(self) -> None:
        """The hub forgets all that is not in its database."""
        self.monitor = self.process(Lease(self.streets.db, "chores"))

    def process(self, lease: Lease) -> LivenessMonitor:
        return LivenessMonitor(
            db=self.streets.db,
            clock=self.streets.clock,
            change_signal=self.streets.change_signal,
            is_broker_up=lambda: self.is_broker_up,
            bounds=Thresholds(),
            lease=lease,
            brokers=self.heard,
        )

    def heard(self) -> dict[str, bool] | None:
        unheard = self.unheard
        return None if unheard is None else {name: name not in unheard for name in self.listed}

    def comes(self, name: str) -> None:
        with self.streets.db.writing() as conn:
            presence.note_birth(conn, self.births[name], now=self.streets.clock.now())

    def goes(self, name: str) -> None:
        death = Death(node=name, birth_id=self.births[name].birth_id)
        with self.streets.db.writing() as conn:
            assert presence.note_death(conn, death, now=self.streets.clock.now())

    def pass_s(self, span_s: float) -> None:
        for _ in range(round(span_s / 5)):
            self.streets.clock.pass_s(5)
            self.monitor.look()

    def go_s(self, span_s: float) -> None:
        """Like `pass_s`, for a process that looks only while it holds the lease."""
        for _ in range(round(span_s / 5)):
            self.streets.clock.pass_s(5)
            self.monitor.go_once()

    def phones_show_it(self) -> None:
        """The push service has taken all notifications."""
        with self.streets.db.writing() as conn:
            conn.execute(update(notifications).values(state="accepted"))

    def told(self) -> list[tuple[str, str]]:
        return [(row.moment, row.state) for row in self.streets.rows(notifications)]


@pytest.fixture
def watch(db: Database, tmp_path: Path) -> Watch:
    return Watch(Streets(db, tmp_path / "media"))


@pytest.fixture
def keeper(watch: Watch) -> Asker:
    return watch.streets.officer("kim", rights=KEEPER)


def test_a_silent_node_is_an_alert_for_its_keepers_alone(watch: Watch, keeper: Asker) -> None:
    officer = watch.streets.officer("an")
    elsewhere = watch.streets.officer("lan", rights=KEEPER, area=watch.streets.bridge)
    watch.goes("nga-tu")
    watch.pass_s(90)
    (alert,) = watch.streets.rows(alerts)
    assert (alert.kind, alert.state, alert.people) == ("node_silent", "open", 1)
    (owed,) = watch.streets.rows(notifications)
    assert (owed.person_id, owed.moment) == (keeper.person_id, "opened")
    inboxes = watch.streets.services.use(InboxService)
    (row,) = inboxes.inbox(keeper).open
    assert (row.camera_label, row.place) == ("nga-tu", "Ngã tư chợ, Tân Khai")
    for stranger in (officer, elsewhere):
        assert inboxes.inbox(stranger).open == []
        assert inboxes.alert(stranger, alert.id) is None
        assert inboxes.changes_since(stranger, 0)[0] == []
    assert [change.alert_id for change in inboxes.changes_since(keeper, 0)[0]] == [alert.id]


@pytest.mark.promise("Node state and clocks: A lost line of a commune is one alert.")
def test_a_hub_that_starts_again_says_nothing_twice(watch: Watch, keeper: Asker) -> None:
    watch.goes("nga-tu")
    watch.pass_s(90)
    for _ in range(3):
        watch.start_again()
        watch.pass_s(200)
    assert len(watch.streets.rows(alerts)) == len(watch.told()) == 1
    watch.comes("nga-tu")
    watch.start_again()
    watch.pass_s(200)
    watch.start_again()
    watch.pass_s(200)
    (alert,) = watch.streets.rows(alerts)
    assert (alert.state, alert.closed_by) == ("resolved", None)


def test_back_again_closes_the_alert_and_is_told_where_it_was_told(
    watch: Watch, keeper: Asker
) -> None:
    watch.goes("nga-tu")
    watch.pass_s(90)
    (alert,) = watch.streets.rows(alerts)
    watch.phones_show_it()
    watch.streets.services.use(ResponseService).act(keeper, alert.id, act="take")
    watch.comes("nga-tu")
    watch.pass_s(60)
    assert watch.told() == [("opened", "accepted"), ("back", "queued")]
    acts = [(row.act, row.detail) for row in watch.streets.rows(alert_history)]
    assert acts[-1] == ("back", "line")  # the same boot: it ran all the while
    page = watch.streets.services.use(InboxService).alert(keeper, alert.id)
    assert page is not None and page.allowed == ()


def test_an_alert_that_a_person_closed_is_not_raised_again_until_it_was_back(
    watch: Watch, keeper: Asker
) -> None:
    watch.goes("nga-tu")
    watch.pass_s(90)
    (alert,) = watch.streets.rows(alerts)
    watch.streets.services.use(ResponseService).act(
        keeper, alert.id, act="resolve", note="power cut, announced"
    )
    watch.pass_s(3600)
    assert len(watch.streets.rows(alerts)) == 1
    watch.comes("nga-tu")
    watch.pass_s(60)
    watch.goes("nga-tu")
    watch.pass_s(90)
    assert [row.state for row in watch.streets.rows(alerts)] == ["resolved", "open"]


@pytest.mark.promise("Node state and clocks: A lost line of a commune is one alert.")
def test_an_area_cut_off_is_one_alert_that_counts(watch: Watch, keeper: Asker) -> None:
    streets = watch.streets
    near = streets.officer("lan", rights=KEEPER, area=streets.bridge)
    third = Mouth("cho-moi", streets.clock)
    watch.births["cho-moi"] = third.birth()
    with streets.db.writing() as conn:
        registry.add_node(conn, name="cho-moi", area_id=streets.bridge, now=streets.clock.now())
    watch.comes("cho-moi")
    watch.pass_s(60)
    for name in watch.births:
        watch.goes(name)
        watch.pass_s(5)
    watch.pass_s(120)
    (alert,) = streets.rows(alerts)
    assert (alert.kind, alert.people) == ("link_lost", 3)
    assert {row.person_id for row in streets.rows(notifications)} == {
        keeper.person_id,
        near.person_id,
    }
    (row,) = streets.services.use(InboxService).inbox(near).open
    assert (row.place, row.camera_label) == ("Tân Khai", "")
    watch.comes("nga-tu")
    watch.pass_s(60)
    assert [row.people for row in streets.rows(alerts)] == [2]
    for name in ("cau-moi", "cho-moi"):
        watch.comes(name)
    watch.pass_s(60)
    assert [row.state for row in streets.rows(alerts)] == ["resolved"]
    assert [row.over_utc_us is None for row in streets.rows(troubles)] == [False]


def test_a_box_that_is_lost_later_is_told_to_its_own_keepers(watch: Watch, keeper: Asker) -> None:
    streets = watch.streets
    near = streets.officer("lan", rights=KEEPER, area=streets.bridge)
    now = streets.clock.now()
    with streets.db.writing() as conn:
        hamlet = registry.add_area(
            conn, name="Ấp Đông", level="junction", parent_id=streets.commune, now=now
        )
        for name in ("cho-moi", "bo-song"):
            watch.births[name] = Mouth(name, streets.clock).birth()
            registry.add_node(conn, name=name, area_id=hamlet, now=now)
    for name in ("cho-moi", "bo-song"):
        watch.comes(name)
    watch.pass_s(120)
    for name in ("nga-tu", "cho-moi", "bo-song"):
        watch.goes(name)
    watch.pass_s(120)
    assert {row.person_id for row in streets.rows(notifications)} == {keeper.person_id}
    watch.goes("cau-moi")
    watch.pass_s(120)
    assert [(row.kind, row.people) for row in streets.rows(alerts)] == [("link_lost", 4)]
    told = [row.person_id for row in streets.rows(notifications)]
    assert sorted(told) == sorted([keeper.person_id, near.person_id])


@pytest.fixture
def two_cameras(watch: Watch, keeper: Asker) -> Mouth:
    """A box that has lost its first camera; the alert is on the phones."""
    box = watch.node
    watch.births[box.name] = box.birth("cam-1", "cam-2")
    watch.comes(box.name)
    watch.pass_s(60)
    watch.streets.file(box.says(CameraLost(camera="cam-1", reason="no pictures")))
    watch.pass_s(60)
    watch.phones_show_it()
    return box


def test_a_further_camera_opens_the_closed_alert_again_and_one_it_had_does_not(
    watch: Watch, keeper: Asker, two_cameras: Mouth
) -> None:
    streets, box = watch.streets, two_cameras
    (alert,) = streets.rows(alerts)
    responses = streets.services.use(ResponseService)
    responses.act(keeper, alert.id, act="resolve", note="ordered a new one")
    streets.file(box.says(CameraLost(camera="cam-2", reason="no pictures")))
    watch.pass_s(60)
    (alert,) = streets.rows(alerts)
    assert (alert.state, alert.people, alert.closed_by) == ("open", 2, None)
    assert watch.told() == [("opened", "accepted"), (f"again:undone {alert.revision}", "queued")]
    watch.phones_show_it()
    responses.act(keeper, alert.id, act="resolve")
    streets.file(box.says(CameraBack(camera="cam-2", lost_for_ms=60_000)))
    watch.pass_s(60)
    streets.file(box.says(CameraLost(camera="cam-2", reason="no pictures")))
    watch.pass_s(60)
    (alert,) = streets.rows(alerts)
    assert (alert.state, alert.people) == ("resolved", 2)
    assert {state for _, state in watch.told()} == {"accepted"}


def test_the_camera_that_an_alert_names_is_one_that_is_lost(
    watch: Watch, keeper: Asker, two_cameras: Mouth
) -> None:
    streets, box = watch.streets, two_cameras
    streets.file(box.says(CameraLost(camera="cam-2", reason="no pictures")))
    watch.pass_s(60)
    streets.file(box.says(CameraBack(camera="cam-1", lost_for_ms=60_000)))
    watch.pass_s(60)
    (row,) = streets.services.use(InboxService).inbox(keeper).open
    assert (row.people, row.camera_label) == (1, "Hướng chợ cam-2")


def test_a_lost_camera_is_told_and_a_lost_broker_hides_it_not(watch: Watch, keeper: Asker) -> None:
    watch.streets.file(watch.node.says(CameraLost(camera="cam-1", reason="no pictures")))
    watch.pass_s(60)
    assert [row.kind for row in watch.streets.rows(alerts)] == ["camera_lost"]
    watch.is_broker_up = False
    watch.pass_s(300)
    assert [row.kind for row in watch.streets.rows(alerts)] == ["camera_lost", "broker_lost"]
    broker = watch.streets.services.use(InboxService).inbox(keeper).open[0]
    assert (broker.place, broker.people) == ("", 2)
    watch.is_broker_up = True
    watch.pass_s(200)
    watch.streets.file(watch.node.says(CameraBack(camera="cam-1", lost_for_ms=60_000)))
    watch.pass_s(60)
    assert {row.state for row in watch.streets.rows(alerts)} == {"resolved"}


@pytest.mark.promise("Bad input: A broker that no process hears is an alert within a minute.")
def test_a_broker_that_nobody_hears_is_an_alert_within_a_minute(
    watch: Watch, keeper: Asker
) -> None:
    watch.listed = ("broker-1.example:8883", "broker-2.example:8883")
    watch.unheard = watch.listed[1:]
    with capture_logs() as logs:
        watch.pass_s(60)
    [alert] = watch.streets.rows(alerts)
    assert (alert.kind, alert.severity) == ("broker_unheard", None)
    [line] = [line for line in logs if line["event"] == "broker.unheard"]
    assert line["broker"] == "broker-2.example:8883"
    shown = watch.streets.services.use(InboxService).inbox(keeper).open[0]
    assert (shown.place, shown.camera_label) == ("", "broker-2.example:8883"), "about no place"
    watch.goes("cau-moi")  # nodes are judged all the same
    watch.pass_s(120)
    assert [row.kind for row in watch.streets.rows(alerts)] == ["broker_unheard", "node_silent"]
    watch.unheard = ()
    watch.pass_s(60)
    states = {row.kind: row.state for row in watch.streets.rows(alerts)}
    assert states == {"broker_unheard": "resolved", "node_silent": "open"}


def test_each_broker_is_a_trouble_of_its_own(watch: Watch, keeper: Asker) -> None:
    def states() -> dict[str | None, str]:
        return {row.zone: row.state for row in watch.streets.rows(alerts)}

    watch.unheard = ("broker-2:8883",)
    watch.pass_s(60)
    watch.unheard = ("broker-2:8883", "broker-3:8883")
    watch.pass_s(60)
    watch.phones_show_it()
    assert states() == {"broker-2:8883": "open", "broker-3:8883": "open"}
    watch.start_again()
    watch.pass_s(60)
    watch.unheard = None  # PostgreSQL is away, and nobody knows
    watch.pass_s(60)
    assert len(watch.told()) == 2, "nothing is told twice, and none is over"
    watch.unheard = ("broker-3:8883",)
    watch.pass_s(60)
    assert states() == {"broker-2:8883": "resolved", "broker-3:8883": "open"}
    watch.start_again()
    watch.unheard = ()
    watch.pass_s(60)
    assert set(states().values()) == {"resolved"}
    assert [moment for moment, _ in watch.told()].count("back") == 2


def test_a_broker_that_is_not_listed_any_more_is_no_trouble_and_nobody_hears_that_it_is_back(
    watch: Watch, keeper: Asker
) -> None:
    watch.unheard = ("broker-2:8883", "broker-3:8883")
    watch.pass_s(60)
    watch.phones_show_it()
    with watch.streets.db.writing() as conn:  # an older version did not store which
        conn.execute(update(alerts).where(alerts.c.zone == "broker-2:8883").values(zone=None))
    watch.listed = ("broker-1:8883", "broker-2:8883")
    watch.unheard = None
    watch.start_again()
    watch.pass_s(60)
    assert {row.state for row in watch.streets.rows(alerts)} == {"open"}, "nothing is known yet"
    watch.unheard = ()
    watch.pass_s(60)
    assert {row.state for row in watch.streets.rows(alerts)} == {"resolved"}
    assert {moment for moment, _ in watch.told()} == {"opened"}


class Handed(Lease):
    """A lease that the test hands over."""

    is_here = False

    def do(self, work: Callable[[], T]) -> T | None:
        return work() if self.is_here else None


@pytest.mark.promise("Bad input: A broker that no process hears is an alert within a minute.")
def test_a_process_that_takes_the_lease_over_knows_since_when_a_broker_is_away(
    watch: Watch, keeper: Asker
) -> None:
    lease = Handed(watch.streets.db, "chores")
    watch.monitor = watch.process(lease)
    watch.unheard = ("broker-2:8883",)
    watch.go_s(35)
    assert watch.streets.rows(alerts) == []
    lease.is_here = True
    watch.go_s(5)
    assert [row.zone for row in watch.streets.rows(alerts)] == ["broker-2:8883"], (
        "at its first look"
    )


def test_a_sign_that_was_not_renewed_counts_no_more(watch: Watch, keeper: Asker) -> None:
    lease = Handed(watch.streets.db, "chores")
    watch.monitor, lease.is_here = watch.process(lease), True
    watch.unheard = ("broker-2:8883",)
    watch.go_s(10)
    watch.streets.clock.pass_s(3600)  # the process was suspended
    watch.go_s(30)
    assert watch.streets.rows(alerts) == []
    watch.go_s(10)
    assert len(watch.streets.rows(alerts)) == 1
    watch.unheard = ()
    watch.go_s(10)
    watch.streets.clock.pass_s(3600)
    watch.go_s(30)
    assert [row.state for row in watch.streets.rows(alerts)] == ["open"]
    watch.go_s(10)
    assert [row.state for row in watch.streets.rows(alerts)] == ["resolved"]
    watch.unheard = ("broker-3:8883",)
    watch.go_s(10)
    watch.unheard = None  # PostgreSQL is away
    watch.go_s(300)
    assert len(watch.streets.rows(alerts)) == 1


def test_while_no_broker_is_heard_that_alone_is_told(watch: Watch, keeper: Asker) -> None:
    watch.is_broker_up, watch.unheard = False, ("broker-1:8883", "broker-2:8883")
    watch.pass_s(300)
    assert [row.kind for row in watch.streets.rows(alerts)] == ["broker_lost"]


def test_a_node_that_was_never_here_is_no_trouble(watch: Watch, keeper: Asker) -> None:
    with watch.streets.db.writing() as conn:
        conn.execute(update(nodes).values(state="never"))
    watch.pass_s(300)
    assert watch.streets.rows(alerts) == []
