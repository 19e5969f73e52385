"""The clock: what the kernel reports, and an untrusted clock if the kernel cannot be asked."""

from pathlib import Path
from uuid import UUID

import pytest

from agent.board.clock import SystemClock, boot_id, kernel_trust
from agent.wire.terms import ClockSource

pytestmark = [
    pytest.mark.promise(
        "Wire protocol: An event carries its boot, its clock source, its error bound and its age."
    ),
    pytest.mark.promise(
        "Node state and clocks: Events carry their clock error, and pages show it."
    ),
]


def test_kernel_vouches_with_a_bound_or_not_at_all() -> None:
    source, error_ms = kernel_trust()
    assert (source, error_ms is None) in {(ClockSource.NTP, False), (ClockSource.NONE, True)}
    assert error_ms is None or 0 <= error_ms < 60_000


def test_clock_that_cannot_be_asked_vouches_for_nothing() -> None:
    def forbidden() -> tuple[ClockSource, int | None]:
        raise OSError(1, "adjtimex: not permitted")

    assert SystemClock(forbidden).trust() == (ClockSource.NONE, None)


def test_kernel_is_not_asked_again_within_a_second() -> None:
    asked: list[int] = []

    def ask() -> tuple[ClockSource, int | None]:
        asked.append(1)
        return ClockSource.NTP, 3

    clock = SystemClock(ask)
    assert {clock.trust() for _ in range(10)} == {(ClockSource.NTP, 3)}
    assert len(asked) == 1


def test_both_clocks_go_on_together() -> None:
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert second.mono_ns >= first.mono_ns


def test_boot_has_the_kernels_name_or_one_of_our_own(tmp_path: Path) -> None:
    assert boot_id() == boot_id()
    assert isinstance(boot_id(tmp_path / "none"), UUID)
