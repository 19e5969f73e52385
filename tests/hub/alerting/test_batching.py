"""How many alerts ring a phone one by one and how many come as a digest: on a virtual clock."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.alerting.notifications.rules.batching import (
    BatchDecision,
    BatchingLimits,
    SentRing,
    WaitingNotification,
    decide,
)

pytestmark = pytest.mark.promise(
    "Storms and backup: In a storm a phone gets at most one message a minute."
)

NOON_US = 1_795_000_000_000_000
BOUNDS = BatchingLimits(calm=3, span_s=60)


def waiting(*numbers: int, is_held: bool = False) -> list[WaitingNotification]:
    return [WaitingNotification(UUID(int=number), is_held) for number in numbers]


def ids(*numbers: int) -> tuple[UUID, ...]:
    return tuple(UUID(int=number) for number in numbers)


def rang(*ago_s: float, is_digest: bool = False) -> list[SentRing]:
    return [SentRing(NOON_US - round(s * 1e6), is_digest) for s in ago_s]


def told(rings: list[SentRing], there: list[WaitingNotification]) -> BatchDecision:
    return decide(rings, there, BOUNDS, now_utc_us=NOON_US)


def test_on_a_quiet_night_each_alert_rings_by_itself() -> None:
    assert told([], waiting(1)) == BatchDecision(single=ids(1))
    assert told(rang(10, 20), waiting(1)) == BatchDecision(single=ids(1))


def test_the_fourth_in_a_minute_waits_until_a_minute_after_the_third() -> None:
    until = NOON_US + round(55e6)
    assert told(rang(5, 10, 20), waiting(4)) == BatchDecision(held=ids(4), until_utc_us=until)


def test_what_was_held_is_told_together_and_one_alone_by_itself() -> None:
    assert told([], waiting(4, 5, 6, is_held=True)) == BatchDecision(together=ids(4, 5, 6))
    assert told([], waiting(4, is_held=True)) == BatchDecision(single=ids(4))


def test_after_a_digest_the_next_minute_is_the_storms_too() -> None:
    until = NOON_US + round(50e6)
    assert told(rang(10, is_digest=True), waiting(9)) == BatchDecision(
        held=ids(9), until_utc_us=until
    )
    assert told(rang(61, is_digest=True), waiting(9)) == BatchDecision(single=ids(9))


def test_many_at_once_are_one_message_at_once() -> None:
    assert told([], waiting(*range(1, 13))) == BatchDecision(together=ids(*range(1, 13)))


def test_a_ring_of_the_future_is_of_a_clock_set_back_and_holds_nothing() -> None:
    assert told(rang(-3000), waiting(1)) == BatchDecision(single=ids(1))


@given(
    gaps_s=st.lists(st.sampled_from([0.0, 0.1, 1.0, 5.0, 15.0, 40.0, 70.0]), max_size=80),
    bounds=st.builds(BatchingLimits, calm=st.integers(1, 4), span_s=st.sampled_from([30.0, 60.0])),
)
def test_whatever_comes_no_phone_rings_more_than_it_bears_and_none_is_forgotten(
    gaps_s: list[float], bounds: BatchingLimits
) -> None:
    """Every alert is asked about when it comes, and all that is held when its time is over."""
    now, arrivals = 0.0, []
    for number, gap in enumerate(gaps_s):
        now += gap
        arrivals.append((now, number))
    rings: list[SentRing] = []
    held: dict[UUID, float] = {}
    heard: list[UUID] = []
    moments = sorted({at for at, _ in arrivals})
    while moments:
        now = moments.pop(0)
        there = [WaitingNotification(key, is_held=True) for key in held]
        there += [
            WaitingNotification(UUID(int=n))
            for at, n in arrivals
            if at == now and UUID(int=n) not in held
        ]
        there = [one for one in there if one.notification_id not in heard]
        if not there:
            continue
        telling = decide(rings, there, bounds, now_utc_us=round(now * 1e6))
        assert {*telling.single, *telling.together, *telling.held} == {
            one.notification_id for one in there
        }
        held = dict.fromkeys(telling.held, telling.until_utc_us / 1000000.0)
        heard += [*telling.single, *telling.together]
        rings += [SentRing(round(now * 1e6), is_digest=False) for _ in telling.single]
        if telling.together:
            rings.append(SentRing(round(now * 1e6), is_digest=True))
        if held:
            assert telling.until_utc_us > now * 1e6
            moments = sorted({*moments, *held.values()})
    assert sorted(heard) == sorted(UUID(int=number) for _, number in arrivals)
    times = [one.at_utc_us for one in rings]
    for one in rings:
        after = [t for t in times if 0 <= t - one.at_utc_us < bounds.span_us]
        assert len(after) <= (1 if one.is_digest else bounds.calm)
