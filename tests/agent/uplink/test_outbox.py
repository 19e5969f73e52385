"""The outbox: what is sent next, what again, and what never twice; on plain numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.uplink.backoff import Backoff
from agent.uplink.outbox import Outbox, OutboxPolicy
from tests.schedules import schedules

pytestmark = pytest.mark.promise("Faults: The delivery state machines hold for random schedules.")

POLICY = OutboxPolicy(window=4, resend_after_s=5, resend_at_most_s=60)


@dataclass(frozen=True)
class Owed:
    event_id: UUID
    priority: int = 1


def events(count: int, start: int = 1) -> list[Owed]:
    return [Owed(UUID(int=number)) for number in range(start, start + count)]


def ids(chosen: Iterable[Owed]) -> list[int]:
    return [event.event_id.int for event in chosen]


@pytest.mark.promise(
    "Wire protocol: At most 20 events are under way, and waits between attempts grow."
)
def test_no_more_than_the_window_is_on_its_way() -> None:
    outbox = Outbox(POLICY)
    assert ids(outbox.choose(events(10), 0)) == [1, 2, 3, 4]
    assert outbox.choose(events(10), 1) == []


def test_answer_makes_room_for_the_next() -> None:
    outbox = Outbox(POLICY)
    owed = events(10)
    outbox.choose(owed, 0)
    outbox.answered([owed[1].event_id])
    assert ids(outbox.choose([owed[0], *owed[2:]], 1)) == [5]


@pytest.mark.promise(
    "Wire protocol: At most 20 events are under way, and waits between attempts grow."
)
def test_event_without_answer_goes_again_after_five_seconds_then_ten() -> None:
    outbox = Outbox(POLICY)
    owed = events(1)
    sent_at = [at for at in range(40) if outbox.choose(owed, at)]
    assert sent_at == [0, 5, 15, 35]


def test_what_finds_the_window_full_waits_for_room_instead_of_asking_again_and_again() -> None:
    outbox = Outbox(POLICY)
    old, new = events(4), events(4, start=100)
    outbox.choose(old, 0)
    assert ids(outbox.choose([*new, *old], 5)) == [100, 101, 102, 103]
    assert outbox.next_due_s() == 10
    assert ids(outbox.choose(old, 10)) == [1, 2, 3, 4]


@pytest.mark.promise(
    "Wire protocol: At most 20 events are under way, and waits between attempts grow."
)
def test_wait_between_tries_is_capped() -> None:
    outbox = Outbox(POLICY)
    owed = events(1)
    sent_at = [at for at in range(600) if outbox.choose(owed, at)]
    assert {later - sooner for sooner, later in pairwise(sent_at[6:])} == {60}


def test_reconnecting_sends_everything_owed_again_at_once() -> None:
    outbox = Outbox(POLICY)
    outbox.choose(events(3), 0)
    outbox.reconnected()
    assert ids(outbox.choose(events(3), 0.1)) == [1, 2, 3]


def test_new_alert_goes_before_an_older_event_that_waits_for_room() -> None:
    outbox = Outbox(POLICY)
    owed = events(8)
    outbox.choose(owed, 0)
    outbox.answered([owed[0].event_id])
    alert = Owed(UUID(int=99), priority=0)
    assert ids(outbox.choose([alert, *owed[1:]], 1)) == [99]


def test_event_the_hub_stumbles_over_holds_up_nobody() -> None:
    outbox = Outbox(POLICY)
    stuck, rest = events(3), events(30, start=10)
    outbox.choose([*stuck, *rest], 0)
    outbox.answered([rest[0].event_id])
    rest = rest[1:]
    at = 1.0
    while rest and at < 400:
        for event in outbox.choose([*stuck, *rest], at):
            if event in rest:
                outbox.answered([event.event_id])
                rest.remove(event)
        at += 1
    assert not rest
    assert at < 60
    assert outbox.tries(stuck[0].event_id) >= 2, "and it is still being tried"


def test_event_that_vanished_from_the_journal_frees_its_place() -> None:
    outbox = Outbox(POLICY)
    outbox.choose(events(4), 0)
    later = events(4, start=20)
    assert outbox.choose(later, 4) == []
    assert ids(outbox.choose(later, 5)) == [20, 21, 22, 23]


def test_next_due_is_when_the_first_unanswered_goes_again() -> None:
    outbox = Outbox(POLICY)
    assert outbox.next_due_s() is None
    outbox.choose(events(1), 3)
    assert outbox.next_due_s() == 8


def test_silent_hub_is_not_flooded() -> None:
    outbox = Outbox(POLICY)
    owed = events(1000)
    sent = {event.event_id for at in range(3600) for event in outbox.choose(owed, at)}
    assert len(sent) == POLICY.window


class Delivery(RuleBasedStateMachine):
    """A node, a line that loses messages, and a hub that answers in order."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(POLICY)
        self.now_s = 0.0
        self.born = 0
        self.owed: list[Owed] = []
        self.line: list[Owed] = []
        self.last_sent: dict[UUID, float] = {}
        self.at_hub: set[UUID] = set()

    @rule(priority=st.sampled_from([0, 1]))
    def something_is_seen(self, priority: int) -> None:
        self.born += 1
        self.owed.append(Owed(UUID(int=self.born), priority))
        self.owed.sort(key=lambda event: (event.priority, event.event_id))

    @rule(passed_s=st.floats(0.1, 30))
    def time_passes(self, passed_s: float) -> None:
        self.now_s += passed_s

    @rule()
    def the_node_sends(self) -> None:
        for event in self.outbox.choose(self.owed[: self.outbox.reach], self.now_s):
            assert event in self.owed, "nothing settled is sent"
            sooner = self.last_sent.get(event.event_id)
            assert sooner is None or self.now_s - sooner >= POLICY.resend_after_s - 1e-6
            self.last_sent[event.event_id] = self.now_s
            self.line.append(event)

    @precondition(lambda self: self.line)
    @rule(is_lost=st.booleans())
    def the_line_delivers_one(self, is_lost: bool) -> None:
        event = self.line.pop(0)
        if not is_lost:
            self.at_hub.add(event.event_id)
            self._receipt([event])

    @precondition(lambda self: self.line)
    @rule()
    def the_hub_stores_and_its_receipt_is_lost(self) -> None:
        self.at_hub.add(self.line.pop(0).event_id)

    @rule()
    def the_line_breaks_and_comes_back(self) -> None:
        self.line.clear()
        self.last_sent.clear()
        self.outbox.reconnected()

    @invariant()
    def everything_is_owed_or_at_the_hub(self) -> None:
        owed = {event.event_id for event in self.owed}
        assert owed | self.at_hub == {UUID(int=number + 1) for number in range(self.born)}

    def teardown(self) -> None:
        """Whatever happened before: with a working line all arrives in bounded time."""
        self.line.clear()
        deadline_s = self.now_s + 120 + self.born
        while self.owed and self.now_s < deadline_s:
            self.the_node_sends()
            while self.line:
                self.the_line_delivers_one(is_lost=False)
            self.now_s += 1
        assert not self.owed

    def _receipt(self, stored: list[Owed]) -> None:
        self.owed = [event for event in self.owed if event not in stored]
        self.outbox.answered([event.event_id for event in stored])


TestDelivery = Delivery.TestCase
TestDelivery.settings = schedules(60, steps=40)


@pytest.mark.promise("Node to hub: Nodes reconnect at random times.")
def test_waits_are_drawn_below_a_doubling_ceiling_with_a_cap() -> None:
    ceilings: list[float] = []

    def draw(low: float, high: float) -> float:
        assert low == 0
        ceilings.append(high)
        return high

    backoff = Backoff(1, 60, draw=draw)
    for _ in range(8):
        backoff.next_s()
    assert ceilings == [1, 2, 4, 8, 16, 32, 60, 60]
    backoff.reset()
    assert backoff.next_s() == pytest.approx(1)
    backoff.widen(15)
    assert [backoff.next_s() for _ in range(3)] == [15, 30, 60]
    backoff.widen(15)
    assert backoff.next_s() == pytest.approx(60), "never narrower than it was"
