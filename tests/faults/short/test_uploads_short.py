"""The short form of an upload over a line that is cut again and again."""

from pathlib import Path

import pytest

from tests.faults.uploads import Wanted, run

pytestmark = pytest.mark.promise(
    "Clips: An upload over a broken line completes with few bytes sent twice."
)


def test_a_clip_over_a_slow_line_cut_at_random_arrives_whole_and_little_is_sent_twice(
    tmp_path: Path,
) -> None:
    wanted = Wanted(size_bytes=6 * 2**20, cuts=12, seed=4, rate_bytes_s=6e6)
    found = run(wanted, tmp_path)
    assert found.cuts >= 10
    assert found.holds, found
