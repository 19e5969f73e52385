"""Known numbers and gaps in plain values, and when gaps are requested."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.intake.rules.gaps import (
    AskPolicy,
    SpoolNumbers,
    after_asking,
    announced,
    received,
    settled,
)
from hub.nodes.spool.rules import Gap

pytestmark = pytest.mark.promise("Node to hub: The hub finds gaps and asks for them.")

POLICY = AskPolicy()
NOW_US = 1_795_000_000_000_000
MINUTE_US = 60_000_000

deeds = st.lists(
    st.one_of(
        st.tuples(st.just("received"), st.integers(1, 60), st.just(0)),
        st.tuples(st.just("announced"), st.integers(1, 60), st.just(0)),
        st.tuples(st.just("settled"), st.integers(1, 60), st.integers(0, 20)),
    ),
    max_size=40,
)


def carry_out(done: list[tuple[str, int, int]], policy: AskPolicy) -> tuple[SpoolNumbers, set[int]]:
    """What is known after these deeds, and the numbers that are missing by plain counting."""
    known, top, there = SpoolNumbers(), 0, set[int]()
    for deed, number, more in done:
        match deed:
            case "received":
                known = received(known, number, now_us=NOW_US, policy=policy)
                top = max(top, number)
                there.add(number)
            case "announced":
                known = announced(known, number, now_us=NOW_US, policy=policy)
                top = max(top, number)
            case _:
                last = number + more
                known = settled(known, number, last, now_us=NOW_US, policy=policy)
                there |= {one for one in range(number, last + 1) if one <= top}
    assert known.top == top
    return known, set(range(1, top + 1)) - there


def missing(known: SpoolNumbers) -> set[int]:
    return {number for gap in known.gaps for number in range(gap.first, gap.last + 1)}


@given(deeds)
def test_gaps_are_the_numbers_that_did_not_come(done: list[tuple[str, int, int]]) -> None:
    known, expected = carry_out(done, POLICY)
    assert missing(known) == expected
    assert list(known.gaps) == sorted(known.gaps, key=lambda gap: gap.first)


@given(deeds)
def test_with_too_many_gaps_more_is_asked_for_and_never_less(
    done: list[tuple[str, int, int]],
) -> None:
    known, expected = carry_out(done, AskPolicy(gaps_kept=2))
    assert len(known.gaps) <= 2
    assert missing(known) >= expected


@pytest.mark.promise("Node to hub: A gap is a gap only after its time.")
def test_a_gap_is_a_gap_only_after_its_time() -> None:
    known = received(SpoolNumbers(), 3, now_us=NOW_US, policy=POLICY)
    assert known.gaps == (Gap(1, 2, NOW_US, NOW_US + 2 * MINUTE_US),)


def test_what_comes_puts_the_next_request_off_and_begins_the_count_anew() -> None:
    asked = Gap(1, 9, NOW_US, NOW_US, asks=19)
    known = settled(SpoolNumbers(10, (asked,)), 5, 5, now_us=NOW_US + MINUTE_US, policy=POLICY)
    assert known.gaps == (
        Gap(1, 4, NOW_US, NOW_US + 2 * MINUTE_US),
        Gap(6, 9, NOW_US, NOW_US + 2 * MINUTE_US),
    )


def test_requests_are_drawn_below_a_doubling_ceiling_and_end() -> None:
    gap, ceilings = Gap(1, 1, NOW_US, NOW_US), list[float]()

    def draw(low: float, high: float) -> float:
        assert low == 0
        ceilings.append(high)
        return high

    while gap.due_utc_us is not None:
        gap = after_asking(gap, now_us=NOW_US, policy=POLICY, draw=draw)
    assert ceilings[:6] == [120, 240, 480, 960, 1920, 3600]
    assert max(ceilings) == 3600
    assert gap.asks == POLICY.asks_at_most
