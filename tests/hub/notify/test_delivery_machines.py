"""Receipts, presence and ledger under any schedule, decided in plain objects on a virtual clock."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from agent.uplink.mqtt.hub_presence import HubSeen, HubState
from agent.uplink.mqtt.hub_presence import after as hub_after
from agent.uplink.outbox import Outbox, OutboxPolicy
from agent.wire.numbers import Range, joined, without
from agent.wire.presence import Birth, Death, HubStatus
from hub.intake.presence import NEVER_SEEN, Presence, after, is_unheard
from hub.intake.rules.gaps import (
    AskPolicy,
    SpoolNumbers,
    after_asking,
    announced,
    received,
    settled,
)
from hub.notify.rules.delivery_result import (
    Answer,
    Delivered,
    Gone,
    MessageRefused,
    Requeued,
    RetryPolicy,
    Settled,
    TryAgain,
    what_follows,
)
from tests.hub.rigs.wire_words import NodeVoice
from tests.schedules import schedules

pytestmark = [
    pytest.mark.promise("Node state and clocks: A late last will does not kill a living node."),
    pytest.mark.promise("Faults: The delivery state machines hold for random schedules."),
]

ASKS = AskPolicy(asks_at_most=1_000)
Fate = Literal["owed", "kept", "gone"]


@dataclass(frozen=True)
class Event:
    """One that a node wrote down; `tells` are the numbers it says are gone."""

    number: int
    priority: int
    tells: tuple[Range, ...] = ()

    @property
    def event_id(self) -> UUID:
        return UUID(int=self.number)


@dataclass(frozen=True)
class Archive:
    """All the hub has of one spool; what a backup copies."""

    stored: frozenset[int] = frozenset()
    gone: tuple[Range, ...] = ()
    known: SpoolNumbers = field(default_factory=SpoolNumbers)


class Receipts(RuleBasedStateMachine):
    """A node that drops, prunes and reconnects; a line that loses; a hub that is restored."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.outbox = Outbox(OutboxPolicy(window=4))
        self.events: dict[int, Event] = {}
        self.fates: dict[int, Fate] = {}
        self.untold: set[int] = set()
        self.up: list[Event] = []
        self.down: list[tuple[Literal["receipt", "missing"], tuple[Range, ...]]] = []
        self.hub = Archive()
        self.backup = Archive()

    @property
    def now_us(self) -> int:
        return round(self.now_s * 1_000_000)

    def owed(self) -> list[Event]:
        waiting = [event for number, event in self.events.items() if self.fates[number] == "owed"]
        return sorted(waiting, key=lambda event: (event.priority, event.number))

    def _write(self, priority: int, tells: tuple[Range, ...] = ()) -> None:
        number = len(self.fates) + 1
        self.events[number] = Event(number, priority, tells)
        self.fates[number] = "owed"

    @rule(priority=st.sampled_from([0, 1, 1]))
    def something_is_seen(self, priority: int) -> None:
        self._write(priority)

    @rule(passed_s=st.sampled_from([1.0, 10.0, 130.0, 4000.0]))
    def time_passes(self, passed_s: float) -> None:
        self.now_s += passed_s

    @rule()
    def the_node_sends(self) -> None:
        self.up += self.outbox.choose(self.owed()[: self.outbox.reach], self.now_s)

    @precondition(lambda self: self.up)
    @rule(fate=st.sampled_from(["arrives", "arrives", "is lost", "its receipt is lost"]))
    def the_line_carries_one_up(self, fate: str) -> None:
        event = self.up.pop(0)
        if fate == "is lost":
            return
        self._file(event)
        if fate == "arrives":
            self.down.append(("receipt", ((event.number, event.number),)))

    def _file(self, event: Event) -> None:
        known = received(self.hub.known, event.number, now_us=self.now_us, policy=ASKS)
        for first, last in event.tells:
            known = settled(known, first, last, now_us=self.now_us, policy=ASKS)
        gone = joined([*self.hub.gone, *event.tells])
        self.hub = Archive(self.hub.stored | {event.number}, gone, known)

    @precondition(lambda self: self.down)
    @rule(is_lost=st.booleans())
    def the_line_carries_one_down(self, is_lost: bool) -> None:
        what, ranges = self.down.pop(0)
        if is_lost:
            return
        if what == "missing":
            self._say_again(ranges)
            return
        for number in _numbers(ranges):
            if self.fates[number] == "owed":
                self.fates[number] = "kept"
                self.outbox.answered([UUID(int=number)])

    def _say_again(self, asked: tuple[Range, ...]) -> None:
        """As `agent.journal.resend` does it."""
        numbers = [number for number in _numbers(asked) if number <= len(self.fates)]
        for number in numbers:
            if self.fates[number] == "kept":
                self.fates[number] = "owed"
                self.events[number] = replace(self.events[number], priority=2)
        told = [tells for event in self.owed() for tells in event.tells]
        lost = [
            (one, one) for one in numbers if self.fates[one] == "gone" and one not in self.untold
        ]
        if fresh := without(lost, told):
            self._write(1, fresh)

    @rule()
    def the_line_breaks_and_comes_back(self) -> None:
        self.up.clear()
        self.down.clear()
        self.outbox.reconnected()

    @rule()
    def a_full_journal_drops_its_oldest(self) -> None:
        lesser = [event for event in self.owed() if event.priority == 1]
        for event in lesser[:1]:
            self.fates[event.number] = "gone"
            self.untold |= {event.number, *_numbers(event.tells)}

    @precondition(lambda self: self.untold)
    @rule()
    def there_is_room_to_tell_of_it(self) -> None:
        self._write(1, joined((number, number) for number in self.untold))
        self.untold.clear()

    @rule()
    def the_node_forgets_what_it_kept_for_a_week(self) -> None:
        for number, fate in self.fates.items():
            if fate == "kept":
                self.fates[number] = "gone"

    @rule()
    def the_node_tells_how_far_it_has_counted(self) -> None:
        known = announced(self.hub.known, len(self.fates), now_us=self.now_us, policy=ASKS)
        self.hub = replace(self.hub, known=known)

    @rule()
    def the_hub_is_backed_up(self) -> None:
        self.backup = self.hub

    @rule()
    def the_hub_is_restored(self) -> None:
        self.hub = self.backup

    @rule(share=st.floats(0, 1))
    def the_hub_asks(self, share: float) -> None:
        due = [gap for gap in self.hub.known.gaps if (gap.due_utc_us or 0) <= self.now_us]
        if not due:
            return
        gaps = tuple(
            after_asking(gap, now_us=self.now_us, policy=ASKS, draw=lambda _low, high: high * share)
            if gap in due
            else gap
            for gap in self.hub.known.gaps
        )
        self.hub = replace(self.hub, known=replace(self.hub.known, gaps=gaps))
        self.down.append(("missing", tuple((gap.first, gap.last) for gap in due)))

    @invariant()
    def what_the_hub_lacks_is_just_what_it_does_not_have(self) -> None:
        known = self.hub.known
        lacking = set(_numbers((gap.first, gap.last) for gap in known.gaps))
        there = self.hub.stored | set(_numbers(self.hub.gone))
        assert lacking == set(range(1, known.top + 1)) - there

    @invariant()
    def nothing_is_neither_here_nor_there(self) -> None:
        for number, fate in self.fates.items():
            assert fate != "kept" or number in self.hub.stored or number in self.events

    def teardown(self) -> None:
        """After enough quiet the hub knows the fate of every number, and nothing is owed."""
        self.up.clear()
        self.down.clear()
        if self.untold:
            self.there_is_room_to_tell_of_it()
        for _ in range(60 + 4 * len(self.fates)):
            self.the_node_tells_how_far_it_has_counted()
            if not self.owed() and not self.hub.known.gaps:
                break
            self.the_node_sends()
            while self.up:
                self.the_line_carries_one_up("arrives")
            self.the_hub_asks(1.0)
            while self.down:
                self.the_line_carries_one_down(is_lost=False)
            self.now_s += 60
            if not self.owed():
                self.now_s += 3600
        assert not self.owed()
        known = self.hub.stored | set(_numbers(self.hub.gone))
        assert known >= set(self.fates), "every number has a fate at the hub"


def _numbers(ranges: Iterable[Range]) -> list[int]:
    return [number for first, last in ranges for number in range(first, last + 1)]


TestReceipts = Receipts.TestCase
TestReceipts.settings = schedules(60, steps=50)


class Alive(RuleBasedStateMachine):
    """A node and a hub come and go at one broker; wills come late, and queues get lost."""

    def __init__(self) -> None:
        super().__init__()
        self.node = NodeVoice("n")
        self.birth: Birth | None = None
        self.wills: list[Death] = []
        self.retained: Birth | Death | None = None
        self.queue: list[Birth | Death | UUID] = []
        self.has_lost_a_queue = False
        self.known: Presence = NEVER_SEEN
        self.hub_birth: UUID | None = None
        self.hub_wills: list[UUID] = []
        self.hub_retained: HubStatus | None = None
        self.seen = HubSeen()

    def _publish(self, status: Birth | Death) -> None:
        self.retained = status
        self.queue.append(status)

    @rule()
    def the_node_connects(self) -> None:
        if self.birth is not None:
            self.wills.append(self.node.death(self.birth.birth_id))
        self.birth = self.node.birth()
        self._publish(self.birth)
        self.seen = HubSeen()
        if self.hub_retained is not None:
            self.seen = hub_after(self.seen, self.hub_retained)

    @precondition(lambda self: self.birth is not None)
    @rule(says_goodbye=st.booleans())
    def the_node_goes(self, says_goodbye: bool) -> None:
        assert self.birth is not None
        last = self.node.death(self.birth.birth_id)
        self.birth = None
        if says_goodbye:
            self._publish(last)
        else:
            self.wills.append(last)

    @precondition(lambda self: self.wills)
    @rule(which=st.integers(0, 9))
    def a_will_is_published(self, which: int) -> None:
        self._publish(self.wills.pop(which % len(self.wills)))

    @precondition(lambda self: self.birth is not None)
    @rule()
    def the_node_says_how_it_is(self) -> None:
        assert self.birth is not None
        self.queue.append(self.birth.birth_id)

    @precondition(lambda self: self.queue)
    @rule()
    def the_hub_hears_one(self) -> None:
        self._hear(self.queue.pop(0))

    def _hear(self, said: Birth | Death | UUID) -> None:
        if not isinstance(said, UUID):
            self.known = after(self.known, said)
        elif is_unheard(self.known, said):
            self.known = Presence(is_alive=True, birth_id=said)

    @rule()
    def the_broker_is_killed_with_its_queue(self) -> None:
        self.has_lost_a_queue |= bool(self.queue)
        self.queue.clear()
        if self.retained is not None:
            self.queue.append(self.retained)

    @rule()
    def the_hub_connects(self) -> None:
        if self.hub_birth is not None:
            self.hub_wills.append(self.hub_birth)
        self.hub_birth = uuid4()
        self._hub_says(is_here=True, birth_id=self.hub_birth)

    @precondition(lambda self: self.hub_birth is not None)
    @rule()
    def the_hub_dies(self) -> None:
        assert self.hub_birth is not None
        self.hub_wills.append(self.hub_birth)
        self.hub_birth = None

    @precondition(lambda self: self.hub_wills)
    @rule()
    def a_will_of_the_hub_is_published(self) -> None:
        self._hub_says(is_here=False, birth_id=self.hub_wills.pop(0))
        if self.hub_birth is not None:  # it hears that, and puts it right
            self._hub_says(is_here=True, birth_id=self.hub_birth)

    def _hub_says(self, *, is_here: bool, birth_id: UUID) -> None:
        self.hub_retained = HubStatus(is_here=is_here, birth_id=birth_id)
        self.seen = hub_after(self.seen, self.hub_retained)

    def teardown(self) -> None:
        """Once all wills are out and a minute has passed, both know the truth of each other.

        A node that went while the broker lost both its birth and its end counts as alive until it
        has said nothing for five minutes: that is `hub.alerting.monitoring.rules.liveness`.
        """
        while self.wills:
            self.a_will_is_published(0)
        while self.hub_wills:
            self.a_will_of_the_hub_is_published()
        if self.birth is not None:
            self.the_node_says_how_it_is()
        while self.queue:
            self.the_hub_hears_one()
        is_here = self.birth is not None
        assert self.known.is_alive == is_here or (self.has_lost_a_queue and not is_here)
        if self.hub_retained is not None and self.birth is not None:
            assert (self.seen.hub is HubState.HERE) == (self.hub_birth is not None)


TestPresence = Alive.TestCase
TestPresence.settings = schedules(60, steps=30)


@dataclass
class Owed:
    """A notification as the ledger has it."""

    owed_us: int
    due_us: int
    attempts: int = 0
    lease_until_us: int | None = None
    settled: Settled | None = None
    shown: int = 0


answers: st.SearchStrategy[Answer] = st.one_of(
    st.just(Delivered(201)),
    st.builds(TryAgain, st.just("503"), after_s=st.none() | st.sampled_from([1.0, 60.0, 4000.0])),
    st.builds(TryAgain, st.just("no answer"), most_attempts=st.none() | st.just(3)),
    st.just(Gone("410")),
    st.just(MessageRefused("413")),
)
RETRY_POLICY = RetryPolicy()
LEASE_US = 30_000_000


class Ledger(RuleBasedStateMachine):
    """Workers that claim with a lease and die; a service that lies and whose answers get lost."""

    def __init__(self) -> None:
        super().__init__()
        self.now_us = 0
        self.owed: list[Owed] = []
        self.in_hand: list[Owed] = []

    @rule()
    def an_alert_is_owed(self) -> None:
        self.owed.append(Owed(self.now_us, self.now_us))

    @rule(passed_s=st.sampled_from([1, 31, 300, 1800]))
    def time_passes(self, passed_s: int) -> None:
        self.now_us += passed_s * 1_000_000

    @rule()
    def a_worker_claims_what_is_due(self) -> None:
        for one in self.owed:
            is_free = one.lease_until_us is None or one.lease_until_us <= self.now_us
            if one.settled is None and one.due_us <= self.now_us and is_free:
                one.lease_until_us = self.now_us + LEASE_US
                one.attempts += 1
                self.in_hand.append(one)

    @precondition(lambda self: self.in_hand)
    @rule(answer=answers, chance=st.floats(0, 1), is_killed=st.booleans())
    def the_service_answers(self, answer: Answer, chance: float, is_killed: bool) -> None:
        one = self.in_hand.pop(0)
        one.shown += isinstance(answer, Delivered)
        is_mine = one.lease_until_us is not None and one.lease_until_us > self.now_us
        if is_killed or not is_mine or one.settled is not None:
            return  # nobody writes it down; the lease runs out
        before = one.settled
        match what_follows(
            answer,
            attempts=one.attempts,
            owed_utc_us=one.owed_us,
            now_utc_us=self.now_us,
            retry_policy=RETRY_POLICY,
            chance=chance,
        ):
            case Settled() as settled_now:
                one.settled = settled_now
            case Requeued(due_utc_us, reason):
                assert reason
                assert self.now_us <= due_utc_us
                assert due_utc_us <= one.owed_us + round(RETRY_POLICY.deadline_s * 1e6)
                one.due_us = due_utc_us
        one.lease_until_us = None
        assert before is None

    @invariant()
    def accepted_means_that_the_service_took_it(self) -> None:
        for one in self.owed:
            assert one.settled is None or one.settled.state != "accepted" or one.shown
            assert one.settled is None or one.settled.state == "accepted" or one.settled.reason

    def teardown(self) -> None:
        """With a service that only fails, each is given up in bounded time, with its reason."""
        self.in_hand.clear()
        end_us = self.now_us + round(2 * RETRY_POLICY.deadline_s * 1e6)
        while any(one.settled is None for one in self.owed) and self.now_us < end_us:
            self.a_worker_claims_what_is_due()
            while self.in_hand:
                self.the_service_answers(TryAgain("503"), 1.0, is_killed=False)
            self.now_us += 31_000_000
        assert all(one.settled is not None for one in self.owed)


TestLedger = Ledger.TestCase
TestLedger.settings = schedules(60, steps=40)
