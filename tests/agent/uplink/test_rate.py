"""The bandwidth limit, on virtual time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.uplink.rate import Rate

pytestmark = pytest.mark.promise("Clips: Uploads stay within their bandwidth.")


def test_no_limit_never_waits() -> None:
    assert Rate(0).wait_s(10**9, 1.0) == 0.0


def test_a_second_goes_at_once_and_then_each_byte_waits_for_its_turn() -> None:
    rate = Rate(1000)
    assert rate.wait_s(1000, 50.0) == 0.0
    assert rate.wait_s(500, 50.0) == pytest.approx(0.5)
    assert rate.wait_s(500, 50.5) == pytest.approx(0.5)
    assert rate.wait_s(0, 60.0) == 0.0


@given(st.lists(st.tuples(st.integers(1, 5000), st.floats(0, 3)), min_size=1, max_size=50))
def test_never_more_than_the_limit_and_one_burst_go_within_any_span(
    steps: list[tuple[int, float]],
) -> None:
    rate, now_s, sent = Rate(1000), 0.0, 0
    for size_bytes, rest_s in steps:
        now_s += rest_s
        now_s += rate.wait_s(size_bytes, now_s)
        sent += size_bytes
        assert sent <= 1000 * (now_s + 1) + 1
