"""Which channel is used first for a person, and when the next one follows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.notify.channels.listing import rank
from hub.notify.rules.channel_order import Sent, next_channels, read_orders, steps_for, write_orders

pytestmark = [
    pytest.mark.promise(
        "Notifications: A notification that is not shown goes to the next channel."
    ),
    pytest.mark.promise("Channels: Each officer orders channels by severity."),
]

NOON_US = 1_795_000_000_000_000
BOTH = ("webpush", "ntfy")
NAMES = ("webpush", "ntfy", "zalo", "sms", "matrix")


def sent(
    state: str = "accepted", *, ago_s: float = 30, channel: str = "webpush", **more: bool
) -> Sent:
    return Sent(channel, state, NOON_US - round(ago_s * 1e6), **{"is_shown": False, **more})


def steps(
    order: str | None = None, living: tuple[str, ...] = BOTH, severity: str | None = None
) -> list[set[str]]:
    return [set(step) for step in steps_for(read_orders(order), living, severity, rank=rank)]


def follows(*there: Sent, order: str | None = None, living: tuple[str, ...] = BOTH) -> set[str]:
    theirs = steps_for(read_orders(order), living, None, rank=rank)
    return set(next_channels(theirs, there, now_utc_us=NOON_US, unseen_after_s=20))


def test_web_push_comes_first_unless_the_person_chose_otherwise() -> None:
    assert steps() == [{"webpush"}, {"ntfy"}]
    assert steps("ntfy,webpush") == [{"ntfy"}, {"webpush"}]
    assert steps("webpush+ntfy") == [set(BOTH)]


def test_a_channel_without_a_living_phone_is_passed_over() -> None:
    assert steps(living=("ntfy",)) == [{"ntfy"}]
    assert steps(living=()) == []


def test_what_is_critical_goes_every_way_at_once() -> None:
    assert steps("ntfy,webpush", severity="critical") == [set(BOTH)]


def test_each_severity_has_its_own_order_where_the_person_said_so() -> None:
    order = "webpush,ntfy; critical=sms+webpush,ntfy"
    there = ("webpush", "ntfy", "sms")
    assert steps(order, there) == [{"webpush"}, {"ntfy"}, {"sms"}]
    assert steps(order, there, "critical") == [{"sms", "webpush"}, {"ntfy"}]
    assert steps("critical=sms,webpush", there) == [{"webpush"}, {"ntfy"}, {"sms"}]


def test_a_channel_that_an_order_forgets_comes_last_and_is_not_lost() -> None:
    assert steps("sms", ("sms", "matrix", "webpush"), None) == [{"sms"}, {"webpush"}, {"matrix"}]
    assert steps("critical=sms", ("sms", "ntfy"), "critical") == [{"sms"}, {"ntfy"}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("webpush,,ntfy", "'' is no channel's name"),
        ("web push", "'web push' is no channel's name"),
        ("webpush,webpush", "webpush stands there twice"),
        ("ntfy+ntfy", "ntfy stands there twice"),
        ("urgent=sms", "'urgent' is no severity; write usual or critical"),
        ("webpush; usual=ntfy", "two orders for usual"),
        ("webpush,ntfy; critical=", "'' is no channel's name"),
        ("sms," * 200, "more than 500 characters"),
    ],
)
def test_what_is_no_order_is_refused_with_its_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_orders(text)


def test_what_no_phone_has_shown_in_time_goes_the_next_way() -> None:
    assert follows(sent(ago_s=19)) == set()
    assert follows(sent(ago_s=20)) == {"ntfy"}
    assert follows(sent("folded", ago_s=20)) == {"ntfy"}
    assert follows(sent("queued", ago_s=20)) == {"ntfy"}


def test_one_phone_that_showed_it_is_enough() -> None:
    assert follows(sent(is_shown=True), sent("dead")) == set()


def test_a_dead_letter_waits_for_nothing() -> None:
    assert follows(sent("dead", ago_s=0)) == {"ntfy"}
    assert follows(sent("dead", ago_s=0), sent(ago_s=5)) == set()


def test_a_storm_that_holds_a_word_back_is_no_fault_of_its_phone() -> None:
    assert follows(sent("queued", ago_s=50, is_held=True)) == set()


def test_after_the_last_channel_there_is_none() -> None:
    assert follows(sent(), sent(channel="ntfy")) == set()
    assert follows(sent(), living=("webpush",)) == set()


ORDERS = st.lists(st.sets(st.sampled_from(NAMES), min_size=1), max_size=3).map(
    lambda found: [
        step
        for number, step in enumerate(found)
        if not any(step & before for before in found[:number])
    ]
)


@given(usual=ORDERS, critical=ORDERS, living=st.sets(st.sampled_from(NAMES)), is_critical=...)
def test_whoever_has_a_living_phone_is_told_on_each_channel_in_the_end_and_never_twice(
    usual: list[set[str]], critical: list[set[str]], living: set[str], is_critical: bool
) -> None:
    chosen = {"usual": usual, "critical": critical}
    orders = {
        name: tuple(frozenset(step) for step in order) for name, order in chosen.items() if order
    }
    assert read_orders(write_orders(orders)) == orders
    theirs = steps_for(orders, living, "critical" if is_critical else None, rank=rank)
    told = [channel for step in theirs for channel in step]
    assert sorted(told) == sorted(living)
    assert all(theirs)
