"""The hub's time runs steadily; a step of the machine's clock is applied together with all waiting
times."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.base.clock.steady import ABSENCE_US, DOUBT_US, SETTLE_US, STEP_US, ClockAnchor, SteadyTime
from hub.base.clock.steady_clock import FILE, SteadyClock
from hub.base.moment import Moment
from tests.hub.rigs.wrong_clock import put_wrong

pytestmark = pytest.mark.promise(
    "Node state and clocks: A step of the hub's clock makes nothing late or lost."
)

__all__ = ["put_wrong"]

S = 1_000_000
HOUR = 3600 * S
YEAR = 365 * 24 * HOUR
START = 1_795_000_000 * S


class Machine:
    """A machine whose clock can be stepped; UTC and ticks in µs."""

    def __init__(self, *, boot_id: str = "boot", anchor: ClockAnchor | None = None) -> None:
        self.boot_id = boot_id
        self.ticks_us, self.wall_us = 50 * S, START
        self.time = self.begins(anchor)

    def begins(self, anchor: ClockAnchor | None) -> SteadyTime:
        return SteadyTime(
            anchor, boot_id=self.boot_id, wall_us=self.wall_us, ticks_us=self.ticks_us
        )

    def passes(self, span_us: int) -> None:
        self.ticks_us += span_us
        self.wall_us += span_us

    def steps(self, by_us: int) -> None:
        self.wall_us += by_us

    def reads(self) -> int:
        return self.time.read(wall_us=self.wall_us, ticks_us=self.ticks_us)


def test_a_step_changes_nothing_until_it_is_taken() -> None:
    machine = Machine()
    machine.passes(5 * S)
    machine.steps(-YEAR)
    assert machine.reads() == START + 5 * S
    machine.passes(3 * S)
    assert machine.reads() == START + 8 * S
    assert machine.time.due_us(is_vouched=True) == -YEAR
    machine.time.take(-YEAR, is_vouched=True)
    assert machine.reads() == machine.wall_us


def test_an_unvouched_step_has_to_last() -> None:
    machine = Machine()
    machine.steps(HOUR)
    machine.reads()
    assert machine.time.due_us(is_vouched=False) == 0
    machine.passes(SETTLE_US)
    machine.reads()
    assert machine.time.due_us(is_vouched=False) == HOUR


def test_a_step_that_is_taken_back_never_was() -> None:
    machine = Machine()
    machine.steps(HOUR)
    machine.reads()
    machine.passes(2 * S)
    machine.steps(-HOUR)
    assert machine.reads() == machine.wall_us
    machine.passes(SETTLE_US)
    machine.reads()
    assert machine.time.due_us(is_vouched=False) == 0
    assert not machine.time.is_doubted(is_vouched=False)


def test_what_a_daemon_slews_is_followed() -> None:
    machine = Machine()
    for _ in range(100):
        machine.passes(10 * S)
        machine.steps(5_000)
        assert machine.reads() == machine.wall_us


def test_a_hub_killed_meanwhile_goes_on_as_if_it_had_run() -> None:
    machine = Machine()
    machine.passes(5 * S)
    machine.reads()
    left = machine.time.anchor()
    machine.steps(YEAR)
    machine.passes(60 * S)
    machine.time = machine.begins(left)
    assert machine.reads() == START + 65 * S
    machine.passes(SETTLE_US)
    machine.reads()
    assert machine.time.due_us(is_vouched=False) == YEAR


def test_a_machine_that_boots_in_1970_goes_on_from_where_it_was_until_vouched_for() -> None:
    left = ClockAnchor("before", base_us=0, utc_us=START)
    machine = Machine()
    machine.wall_us = 100 * S
    machine.time = machine.begins(left)
    assert machine.reads() == START
    machine.passes(HOUR)
    assert machine.reads() == START + HOUR
    assert machine.time.due_us(is_vouched=False) == 0
    machine.wall_us = START + 3 * HOUR
    machine.reads()
    assert machine.time.due_us(is_vouched=True) == 2 * HOUR


def test_a_long_absence_is_doubted_and_a_short_one_is_not() -> None:
    for away_us, is_doubted in ((ABSENCE_US + S, True), (ABSENCE_US - S, False)):
        machine = Machine(anchor=ClockAnchor("before", base_us=0, utc_us=START - away_us))
        assert machine.reads() == START
        assert machine.time.is_doubted(is_vouched=False) is is_doubted


def test_a_jump_is_doubted_until_somebody_vouches_or_for_three_days() -> None:
    machine = Machine()
    machine.steps(YEAR)
    machine.reads()
    machine.time.take(YEAR, is_vouched=False)
    assert machine.time.is_doubted(is_vouched=False)
    machine.passes(DOUBT_US - S)
    machine.reads()
    again = machine.begins(machine.time.anchor())
    assert again.is_doubted(is_vouched=False)
    assert not machine.time.is_doubted(is_vouched=True)
    assert not machine.time.is_doubted(is_vouched=False)
    machine.passes(S)
    again.read(wall_us=machine.wall_us, ticks_us=machine.ticks_us)
    assert not again.is_doubted(is_vouched=False)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["passes", "steps", "takes", "dies"]),
            st.integers(-2 * YEAR, 2 * YEAR),
        ),
        max_size=30,
    )
)
def test_whatever_happens_time_only_moves_by_itself_or_by_what_was_taken(
    deeds: list[tuple[str, int]],
) -> None:
    machine = Machine()
    expected = machine.reads()
    for what, amount_us in deeds:
        match what:
            case "passes":
                machine.passes(abs(amount_us) % DOUBT_US)
                expected += abs(amount_us) % DOUBT_US
            case "steps" if abs(amount_us) >= STEP_US:
                machine.steps(amount_us)
            case "takes":
                machine.reads()
                due_us = machine.time.due_us(is_vouched=amount_us % 2 == 0)
                machine.time.take(due_us, is_vouched=amount_us % 2 == 0)
                expected += due_us
            case "dies":
                machine.reads()
                machine.time = machine.begins(machine.time.anchor())
        assert abs(machine.reads() - expected) < STEP_US


# On a real machine, with a clock that a test puts wrong.


def test_the_next_run_of_the_same_boot_knows_of_the_step(
    tmp_path: Path, put_wrong: Callable[[float], None]
) -> None:
    clock = SteadyClock(tmp_path)
    before = clock.now().utc_us
    put_wrong(3600)
    assert abs(clock.now().utc_us - before) < 60 * S
    assert abs(SteadyClock(tmp_path).now().utc_us - before) < 60 * S
    assert abs(SteadyClock().now().utc_us - before - HOUR) < 60 * S


def test_a_clock_says_whether_it_could_write_its_state(tmp_path: Path) -> None:
    folder = tmp_path / "not made yet"
    clock = SteadyClock(folder)
    assert not clock.leave_word()
    folder.mkdir()
    assert clock.leave_word() and (folder / FILE).exists()
    assert SteadyClock().leave_word()


@pytest.mark.parametrize("text", ["", "boot", "boot 1 2", "boot x y z", "\0" * 200])
def test_a_spoilt_word_of_the_last_run_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    before = time.time_ns() // 1000
    assert abs(SteadyClock(tmp_path).now().utc_us - before) < 60 * S


def test_moments_are_equal_whether_doubted_or_not_and_keep_their_doubt() -> None:
    doubted = Moment(1, None, is_doubted=True)
    assert doubted == Moment(1)
    assert doubted.plus_s(1).is_doubted
