"""The timeline: times only grow, whatever a camera's clock does, and are never after the
arrival."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cameras.timeline import PacketTimes, Timeline
from tests.agent.rigs.vision import after

TICK = 9000  # a tenth of a second at 90 kHz
BASE = Fraction(1, 90_000)


def stamps(times: Sequence[int | None], came_s: list[float]) -> list[PacketTimes]:
    line = Timeline(BASE, tick=TICK)
    return [
        line.stamp(pts=time, dts=time, came=after(came))
        for time, came in zip(times, came_s, strict=True)
    ]


def test_jitter_of_the_network_is_not_taken_for_the_streets() -> None:
    came = [i / 10 + (0.05 if i % 3 else 0) for i in range(30)]
    spans = [b.at.seconds_since(a.at) for a, b in pairwise(stamps(ticks(30), came))]
    assert spans == pytest.approx([0.1] * 29, abs=0.001)


def test_the_packet_with_the_least_delay_fixes_the_anchor() -> None:
    late_at_first = stamps(ticks(4), [0.40, 0.42, 0.44, 0.60])
    assert late_at_first[2].at == after(0.44)
    assert late_at_first[3].at.seconds_since(after(0)) == pytest.approx(0.54, abs=0.001)


def test_packets_that_had_piled_up_are_placed_before_the_one_that_was_waited_for() -> None:
    line = Timeline(BASE, tick=TICK)
    came = [after(1.0), after(1.0), after(1.0), after(1.05)]
    line.anchor(came)
    placed = [line.stamp(pts=t, dts=t, came=c).at for t, c in zip(ticks(4), came, strict=True)]
    assert [at.seconds_since(after(0)) for at in placed] == pytest.approx([0.75, 0.85, 0.95, 1.05])


@pytest.mark.promise("Cameras: A camera's wrong timestamps are corrected.")
@pytest.mark.parametrize(
    ("wrong", "what"),
    [(TICK * 4, "repeats"), (0, "runs backwards"), (90_000 * 3600, "jumps"), (None, "is missing")],
)
def test_a_time_that_cannot_be_is_mended_by_the_nodes_own(wrong: int | None, what: str) -> None:
    onwards = TICK * 5 if wrong is None else wrong
    times = [*ticks(5), wrong, onwards + TICK, onwards + 2 * TICK]
    made = stamps(times, [i / 10 for i in range(8)])
    assert [stamp.dts for stamp in made] == ticks(8), what
    assert made[-1].at == after(0.7)


def test_a_stream_that_paused_without_its_clock_is_placed_anew() -> None:
    made = stamps(ticks(4), [0.0, 0.1, 10.0, 10.1])
    assert made[-1].at == after(10.1)


def test_b_frames_keep_their_place_in_the_picture_order() -> None:
    line = Timeline(BASE, tick=TICK)
    order = [0, 3, 1, 2]
    made = [
        line.stamp(pts=(o + 1) * TICK, dts=i * TICK, came=after(i / 10))
        for i, o in enumerate(order)
    ]
    assert [stamp.pts for stamp in made] == [(o + 1) * TICK for o in order]
    assert [stamp.dts for stamp in made] == ticks(4)


@pytest.mark.promise("Cameras: A camera's wrong timestamps are corrected.")
@given(
    st.lists(
        st.tuples(st.none() | st.integers(-(2**40), 2**40), st.integers(0, 5_000)), max_size=40
    )
)
def test_whatever_comes_times_grow_and_nothing_is_from_the_future(
    packets: list[tuple[int | None, int]],
) -> None:
    line, came_s, made = Timeline(BASE, tick=TICK), 0.0, []
    for time, wait_ms in packets:
        came_s += wait_ms / 1000
        made.append((line.stamp(pts=time, dts=time, came=after(came_s)), came_s))
    assert all(a.dts < b.dts and a.at < b.at for (a, _), (b, _) in pairwise(made))
    assert all(stamp.at.seconds_since(after(came)) < 0.001 for stamp, came in made)


def ticks(count: int) -> list[int]:
    return [i * TICK for i in range(count)]
