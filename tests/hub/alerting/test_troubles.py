"""Silent units: told apart and reported once; decided on a virtual clock."""

from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hub.alerting.alerts.rules.kinds import Kind
from hub.alerting.monitoring.rules.liveness import (
    BrokerLiveness,
    CameraLiveness,
    LivenessFacts,
    NodeLiveness,
    Thresholds,
)
from hub.alerting.monitoring.rules.troubles import (
    Step,
    Trouble,
    TroubleChanged,
    TroubleOver,
    TroubleRaised,
    decide,
)
from tests.schedules import schedules

pytestmark = [
    pytest.mark.promise(
        "Node state and clocks: A dead camera, node, line and broker are told apart."
    ),
    pytest.mark.promise("Faults: The delivery state machines hold for random schedules."),
]

START_US = 1_795_000_000_000_000
BOUNDS = Thresholds()
PROVINCE, COMMUNE, OTHER = UUID(int=900), UUID(int=901), UUID(int=902)
LOOK_S = 5


@dataclass
class Country:
    """Nodes 1–40 in one commune, 41–50 in another; each has a camera of number + 1000."""

    now_us: int = START_US
    online: dict[UUID, tuple[bool, int]] = field(default_factory=dict)
    lost: dict[UUID, tuple[bool, int]] = field(default_factory=dict)
    heard: dict[UUID, int] = field(default_factory=dict)
    broker: tuple[bool, int] = (True, START_US)
    running: dict[UUID, Trouble] = field(default_factory=dict)
    said: list[Step] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(5000))

    def __post_init__(self) -> None:
        for number in range(1, 51):
            self.online[UUID(int=number)] = (True, START_US)
            self.lost[UUID(int=number + 1000)] = (False, START_US)

    def scene(self) -> LivenessFacts:
        nodes = [
            NodeLiveness(node, self.areas(node), is_up, since, self.heard.get(node))
            for node, (is_up, since) in self.online.items()
        ]
        cameras = [
            CameraLiveness(camera, UUID(int=camera.int - 1000), is_lost, since)
            for camera, (is_lost, since) in self.lost.items()
        ]
        return LivenessFacts(BrokerLiveness(*self.broker), nodes, cameras)

    def areas(self, node: UUID) -> tuple[UUID, ...]:
        home = COMMUNE if node.int <= 40 else OTHER
        return (UUID(int=node.int + 2000), home, PROVINCE)

    def look(self) -> list[Step]:
        steps = decide(self.scene(), tuple(self.running.values()), BOUNDS, now_utc_us=self.now_us)
        for step in steps:
            self._note(step)
        self.said += steps
        return steps

    def _note(self, step: Step) -> None:
        match step:
            case TroubleRaised():
                key = UUID(int=next(self.numbers))
                trouble = Trouble(key, step.kind, step.dark, step.dark, step.node_id, step.area_id)
                self.running[key] = trouble
            case TroubleChanged(key, dark):
                old = self.running[key]
                units = old.units | dark
                self.running[key] = Trouble(key, old.kind, units, dark, old.node_id, old.area_id)
            case TroubleOver(key):
                del self.running[key]

    def pass_s(self, span_s: float) -> None:
        """Time goes on, and the liveness monitor looks every five seconds."""
        end_us = self.now_us + round(span_s * 1e6)
        while self.now_us < end_us:
            self.now_us = min(self.now_us + LOOK_S * 1_000_000, end_us)
            self.look()

    def node(self, number: int, *, is_up: bool) -> None:
        if self.online[UUID(int=number)][0] != is_up:
            self.online[UUID(int=number)] = (is_up, self.now_us)

    def camera(self, number: int, *, is_lost: bool) -> None:
        key = UUID(int=number + 1000)
        if self.lost[key][0] != is_lost:
            self.lost[key] = (is_lost, self.now_us)

    def raised(self) -> list[TroubleRaised]:
        return [step for step in self.said if isinstance(step, TroubleRaised)]

    def overs(self) -> int:
        return sum(isinstance(step, TroubleOver) for step in self.said)


def settled() -> Country:
    country = Country()
    country.pass_s(100)
    return country


def test_a_silent_node_is_told_after_its_time_once_and_back_once() -> None:
    country = settled()
    country.node(7, is_up=False)
    country.pass_s(55)
    assert country.said == []
    country.pass_s(3600)
    (silent,) = country.raised()
    assert (silent.kind, silent.dark, silent.node_id) == (
        Kind.NODE_SILENT,
        {UUID(int=7)},
        UUID(int=7),
    )
    country.node(7, is_up=True)
    country.pass_s(600)
    assert (len(country.raised()), country.overs(), country.running) == (1, 1, {})


@pytest.mark.promise("Node state and clocks: A lost line of a commune is one alert.")
def test_a_commune_that_loses_its_line_is_one_alert_with_a_count() -> None:
    country = settled()
    for number in range(1, 41):
        country.node(number, is_up=False)  # the broker gives them up one after another
        country.pass_s(0.5)
    country.pass_s(600)
    (lost,) = country.raised()
    assert (lost.kind, lost.area_id, len(lost.dark)) == (Kind.LINK_LOST, COMMUNE, 40)
    for number in range(1, 41):
        country.node(number, is_up=True)
        country.pass_s(1)
    country.pass_s(100)
    assert (len(country.raised()), country.overs()) == (1, 1)
    shrinking = [len(step.dark) for step in country.said if isinstance(step, TroubleChanged)]
    assert shrinking == sorted(shrinking, reverse=True) and shrinking[-1] >= 1


def test_more_of_an_area_that_is_known_to_be_cut_off_joins() -> None:
    country = settled()
    for number in range(1, 31):
        country.node(number, is_up=False)
    country.pass_s(400)
    country.node(35, is_up=False)
    country.pass_s(100)
    assert len(country.raised()) == 1
    (running,) = country.running.values()
    assert len(running.dark) == 31


def test_a_few_nodes_of_many_are_told_one_by_one() -> None:
    country = settled()
    for number in (1, 2, 3, 4):
        country.node(number, is_up=False)
    country.pass_s(300)
    assert [step.kind for step in country.raised()] == [Kind.NODE_SILENT] * 4


def test_two_communes_at_once_are_their_province() -> None:
    country = settled()
    for number in range(1, 51):
        country.node(number, is_up=False)
    country.pass_s(300)
    (lost,) = country.raised()
    assert (lost.area_id, len(lost.dark)) == (PROVINCE, 50)


def test_without_its_broker_the_hub_says_so_once_and_judges_no_node() -> None:
    country = settled()
    country.broker = (False, country.now_us)
    for number in range(1, 51):
        country.node(number, is_up=False)
    country.pass_s(3600)
    (lost,) = country.raised()
    assert (lost.kind, len(lost.dark)) == (Kind.BROKER_LOST, 50)
    country.broker = (True, country.now_us)
    for number in range(1, 51):
        country.node(number, is_up=True)
        country.pass_s(1)
    country.pass_s(300)
    assert (len(country.raised()), country.overs()) == (1, 1)


def test_a_node_that_did_not_survive_the_brokers_absence_is_told_afterwards() -> None:
    country = settled()
    country.broker = (False, country.now_us)
    country.pass_s(100)
    country.node(9, is_up=False)
    country.broker = (True, country.now_us)
    country.pass_s(85)
    assert [step.kind for step in country.raised()] == [Kind.BROKER_LOST]
    country.pass_s(60)
    assert [step.kind for step in country.raised()] == [Kind.BROKER_LOST, Kind.NODE_SILENT]


def test_a_node_that_hangs_with_its_connection_up_is_silent_too() -> None:
    country = settled()
    country.heard[UUID(int=5)] = country.now_us
    country.pass_s(295)
    assert country.said == []
    country.pass_s(20)
    (silent,) = country.raised()
    assert (silent.kind, silent.node_id) == (Kind.NODE_SILENT, UUID(int=5))
    country.heard[UUID(int=5)] = country.now_us
    country.pass_s(10)
    assert country.running == {}


def test_the_cameras_of_one_node_are_one_alert_and_a_hiccup_is_none() -> None:
    country = settled()
    country.lost[UUID(int=1099)] = (False, START_US)
    country.camera(3, is_lost=True)
    country.pass_s(20)
    country.camera(3, is_lost=False)
    country.pass_s(60)
    assert country.said == []
    country.camera(3, is_lost=True)
    country.pass_s(1000)
    (lost,) = country.raised()
    assert (lost.kind, lost.node_id, lost.dark) == (
        Kind.CAMERA_LOST,
        UUID(int=3),
        {UUID(int=1003)},
    )


def test_a_silent_nodes_camera_is_not_told_again() -> None:
    country = settled()
    country.camera(3, is_lost=True)
    country.node(3, is_up=False)
    country.pass_s(1000)
    assert [step.kind for step in country.raised()] == [Kind.NODE_SILENT]


def test_a_line_that_flaps_all_night_is_one_alert() -> None:
    country = settled()
    country.node(6, is_up=False)
    country.pass_s(70)
    for _ in range(100):
        country.node(6, is_up=True)
        country.pass_s(20)
        country.node(6, is_up=False)
        country.pass_s(20)
    country.node(6, is_up=True)
    country.pass_s(60)
    assert (len(country.raised()), country.overs()) == (1, 1)


class AnyNight(RuleBasedStateMachine):
    """Whatever fails and comes back, in whatever order, however often the hub starts again."""

    @initialize()
    def begin(self) -> None:
        self.country = settled()

    @rule(number=st.integers(1, 50), is_up=st.booleans())
    def node(self, number: int, is_up: bool) -> None:
        self.country.node(number, is_up=is_up)

    @rule(number=st.integers(1, 50), is_lost=st.booleans())
    def camera(self, number: int, is_lost: bool) -> None:
        self.country.camera(number, is_lost=is_lost)

    @rule(is_up=st.booleans(), first=st.integers(1, 41), size=st.integers(3, 10))
    def many(self, is_up: bool, first: int, size: int) -> None:
        for number in range(first, first + size):
            self.country.node(number, is_up=is_up)

    @rule(is_up=st.booleans())
    def broker(self, is_up: bool) -> None:
        if self.country.broker[0] != is_up:
            self.country.broker = (is_up, self.country.now_us)

    @rule()
    def the_hub_starts_again(self) -> None:
        self.country.broker = (self.country.broker[0], self.country.now_us)

    @rule(span_s=st.sampled_from([1, 20, 70, 200]))
    def time(self, span_s: float) -> None:
        self.country.pass_s(span_s)

    @invariant()
    def nothing_is_in_two_troubles(self) -> None:
        if not hasattr(self, "country"):
            return
        of_nodes = [
            unit
            for one in self.country.running.values()
            if one.kind in (Kind.NODE_SILENT, Kind.LINK_LOST)
            for unit in one.dark
        ]
        assert len(of_nodes) == len(set(of_nodes))
        subjects = [
            (one.kind, one.node_id)
            for one in self.country.running.values()
            if one.kind in (Kind.CAMERA_LOST, Kind.BROKER_LOST)
        ]
        assert len(subjects) == len(set(subjects))

    @invariant()
    def deciding_twice_says_nothing_new(self) -> None:
        if hasattr(self, "country"):
            self.country.look()
            assert self.country.look() == []

    def teardown(self) -> None:
        """After enough quiet, what is silent is known, and what is back is over."""
        if not hasattr(self, "country"):
            return
        country = self.country
        self.broker(is_up=True)
        country.pass_s(400)
        away = {node for node, (is_up, _) in country.online.items() if not is_up}
        known = {
            unit
            for one in country.running.values()
            if one.kind in (Kind.NODE_SILENT, Kind.LINK_LOST)
            for unit in one.dark
        }
        assert known == away
        assert country.overs() == len(country.raised()) - len(country.running)
        for number in range(1, 51):
            country.node(number, is_up=True)
            country.camera(number, is_lost=False)
        country.pass_s(200)
        assert country.running == {}


AnyNight.TestCase.settings = schedules(60, steps=30)
TestAnyNight = AnyNight.TestCase
