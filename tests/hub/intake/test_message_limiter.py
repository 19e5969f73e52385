"""The rate limit per node: generous, separate for each node, alerts first, nothing refused."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire import topics
from agent.wire.codec import encode
from agent.wire.urgent import is_urgent
from hub.intake.mqtt.inbox import BATCH, ReceivedMessage, ReceiveQueue, node_of
from hub.intake.rate_limit import (
    FORGOTTEN_AFTER_S,
    MOST_NODES,
    MessageLimiter,
    MessageLimits,
    may_be_urgent,
)
from hub.nodes.health.wording import too_much_lines
from hub.web.i18n import words
from tests.hub.rigs.wire_words import NodeVoice

pytestmark = pytest.mark.promise(
    "Security: Pages, uploads, enrolment and messages have rate limits."
)

FEW = MessageLimits(burst=10, per_s=2, held=5)


def arrival(node: str, text: str = "x") -> ReceivedMessage:
    return ReceivedMessage(topics.address(topics.EVENT, node), text.encode(), lambda: None)


def texts(arrivals: list[ReceivedMessage], node: str = "") -> list[str]:
    return [one.payload.decode() for one in arrivals if not node or node_of(one.topic) == node]


def said(node: str, first: int, last: int) -> list[ReceivedMessage]:
    return [arrival(node, str(number)) for number in range(first, last)]


def delayed(limiter: MessageLimiter) -> dict[str, int]:
    """What it has to tell; it stays untold."""
    found: dict[str, int] = {}
    limiter.tell(lambda over: found.update(over) is not None)
    return found


def test_what_a_box_says_after_a_week_without_a_line_is_taken_as_fast_as_it_may_say_it() -> None:
    """Twenty at once and no more unanswered: 100,000 at 180 a second."""
    limiter, now_s = MessageLimiter(), 0.0
    for _ in range(5000):
        assert not limiter.let([arrival("a")] * 20, now_s).held_up
        now_s += 20 / 180
    assert delayed(limiter) == {}


def test_one_that_floods_is_slowed_and_all_others_go_through_at_once() -> None:
    limiter = MessageLimiter(FEW)
    batch = [one for pair in zip(said("a", 0, 50), said("b", 0, 50), strict=True) for one in pair]
    passage = limiter.let([*batch[:6], *said("a", 50, 90), *batch[6:10]], 0.0)
    assert texts(passage.through, "b") == ["0", "1", "2", "3", "4"]
    assert len(texts(passage.through, "a")) == 10
    assert passage.newly_over == ["a"]
    assert len(passage.held_up) == 35
    assert delayed(limiter) == {"a": 35}
    assert limiter.counts == {"slowed": 5, "unheard": 30}


def test_what_waits_goes_on_as_its_bucket_fills_in_its_order_and_later_words_behind_it() -> None:
    limiter = MessageLimiter(FEW)
    assert texts(limiter.let(said("a", 0, 13), 0.0).through) == [str(n) for n in range(10)]
    assert 0 < limiter.wait_s(5.0) <= 0.5
    assert texts(limiter.let(said("a", 13, 14), 1.0).through) == ["10", "11"]
    assert texts(limiter.let([], 2.0).through) == ["12", "13"]
    assert limiter.wait_s(5.0) == 5.0
    assert not limiter.let(said("a", 14, 15), 3.0).held_up


def test_alerts_go_before_what_waits_and_are_the_last_to_be_left_to_come_again() -> None:
    limiter, alert = MessageLimiter(FEW), '{"type":"sighting_opened"}'
    limiter.let(said("a", 0, 15), 0.0)
    passage = limiter.let([arrival("a", alert)], 0.0)
    assert texts(passage.held_up) == [alert]
    assert texts(limiter.let([], 0.5).through) == [alert]
    assert texts(limiter.let([], 10.0).through) == ["10", "11", "12", "13"]


def test_it_is_said_once_and_again_only_after_a_while_within_the_bounds() -> None:
    limiter = MessageLimiter(FEW)
    assert limiter.let(said("a", 0, 30), 0.0).newly_over == ["a"]
    assert limiter.let(said("a", 0, 30), 1.0).newly_over == []
    later_s = 1.0 + FORGOTTEN_AFTER_S + 1
    assert not limiter.let(said("a", 0, 1), later_s).newly_over
    assert delayed(limiter) == {}
    assert limiter.let(said("a", 0, 30), later_s).newly_over == ["a"]


def test_each_delay_is_told_once_and_again_what_the_database_did_not_take() -> None:
    limiter, told = MessageLimiter(FEW), list[Mapping[str, int]]()
    limiter.let(said("a", 0, 15), 0.0)
    assert delayed(limiter) == delayed(limiter) == {"a": 5}
    for number in (1, 0, 1):
        limiter.let(said("a", 15, 15 + number), 0.0)
        limiter.tell(lambda over: told.append(over) is None)
    assert told == [{"a": 6}, {"a": 7}]


def test_a_clock_that_stands_still_or_steps_back_opens_nothing() -> None:
    limiter = MessageLimiter(FEW)
    limiter.let(said("a", 0, 10), 100.0)
    for now_s in (100.0, 50.0, 100.0):
        assert limiter.let(said("a", 0, 1), now_s).through == []


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.floats(0, 3)), max_size=20))
def test_no_more_than_the_bounds_come_through_and_nothing_twice_or_out_of_order(
    rounds: list[tuple[int, int, float]],
) -> None:
    limiter, now_s, number = MessageLimiter(FEW), 0.0, 0
    through: list[ReceivedMessage] = []
    for flood, others, passes_s in rounds:
        now_s += passes_s
        passage = limiter.let([*said("a", number, number + flood), *said("b", 0, others)], now_s)
        number += flood
        through += passage.through
    numbers = [int(text) for text in texts(through, "a")]
    assert numbers == sorted(set(numbers))
    assert len(numbers) <= FEW.burst + FEW.per_s * now_s + 1


def test_more_names_than_are_remembered_within_one_batch_break_nothing() -> None:
    limiter = MessageLimiter(FEW)
    strangers = [arrival(f"n{number}") for number in range(MOST_NODES - 1)]
    limiter.let(strangers, 0.0)
    passage = limiter.let([*said("a", 0, 12), arrival("b"), arrival("c")], 0.0)
    assert texts(passage.through, "b") == texts(passage.through, "c") == ["x"]
    assert texts(passage.through, "a") == [str(number) for number in range(10)]
    assert texts(limiter.let([], 1.0).through) == ["10", "11"]


def test_a_glance_finds_every_word_that_may_wake_people() -> None:
    voice = NodeVoice("nga-tu-01")
    for event in (voice.event(), voice.event()):
        assert may_be_urgent(encode(event)) >= is_urgent(event.body)


def test_its_page_says_it_while_it_lasts() -> None:
    assert list(too_much_lines(0, words("vi"))) == []
    (line,) = too_much_lines(1901, words("vi"))
    assert "1901" in line


def test_in_a_full_inbox_each_node_has_its_turn() -> None:
    """However much one has said: what another says is in the next batch."""
    inbox = ReceiveQueue(4 * BATCH)
    for one in said("a", 0, 3 * BATCH):
        inbox.put(one)
    for one in said("b", 0, 30):
        inbox.put(one)
    batch = inbox.take(0)
    assert texts(batch, "b") == [str(number) for number in range(30)]
    assert texts(batch, "a") == [str(number) for number in range(BATCH - 30)]
    assert texts(inbox.take(0)) == [str(number) for number in range(BATCH - 30, 2 * BATCH - 30)]
