"""Some boxes at once; a thousand are enrolled by `python -m tests.faults.enrolments`."""

from pathlib import Path

import pytest

from tests.faults.enrolments import RACERS, faults, run

pytestmark = pytest.mark.promise("Fleet: A thousand enrolments at once give no identity twice.")


def test_no_name_and_no_certificate_is_given_twice_however_many_come_at_once(
    tmp_path: Path,
) -> None:
    found = run(tmp_path, boxes=40, at_once=16)
    assert faults(found) == []
    assert found["enrolled"] == 40
    assert found["answers"] == {200: 40, 403: 4 * (RACERS - 1)}
