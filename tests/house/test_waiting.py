"""How long a test waits: measured by the work that the machine did, not by a wall clock."""

import os
import subprocess
import sys

import pytest

from tests.waiting import LONGEST_S, Patience, stood_in_line_s, until


def waited_s(*, share_in_line: float, limit_s: float = 60.0) -> float:
    """How long somebody waits in vain whose programs stand in line for that share of the time."""
    clock = {"s": 100.0}
    patience = Patience(
        limit_s, now_s=lambda: clock["s"], stood=lambda: {1: clock["s"] * share_in_line, 2: 7.0}
    )
    while not patience.is_over():
        clock["s"] += 1.0
    return clock["s"] - 100.0


@pytest.mark.parametrize(
    ("share_in_line", "ends_s"), [(0.0, 60), (0.5, 120), (0.75, 240), (1.0, LONGEST_S), (5.0, 600)]
)
def test_time_in_which_a_program_stood_in_line_for_a_core_does_not_count(
    share_in_line: float, ends_s: float
) -> None:
    assert waited_s(share_in_line=share_in_line) == pytest.approx(ends_s, abs=1)


def test_a_thread_that_begins_or_ends_meanwhile_costs_nothing_but_its_own_time() -> None:
    clock, stood = {"s": 0.0}, {1: 50.0}
    patience = Patience(10.0, now_s=lambda: clock["s"], stood=lambda: dict(stood))
    del stood[1]
    stood[2] = 4.0
    clock["s"] = 13.0
    assert not patience.is_over()
    clock["s"] = 14.0
    assert patience.is_over()


@pytest.mark.system
def test_two_programs_that_share_a_core_are_seen_to_stand_in_line() -> None:
    core = min(os.sched_getaffinity(0))
    words = f"import os; os.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    two = [subprocess.Popen([sys.executable, "-c", words]) for _ in range(2)]
    try:
        before = stood_in_line_s(os.getpid())
        assert {one.pid for one in two} <= before.keys()
        until(lambda: sum(stood_in_line_s(os.getpid()).values()) > sum(before.values()) + 0.1)
    finally:
        for one in two:
            one.kill()
            one.wait()
