"""Some forgeries of each kind; a thousand are made by `python -m tests.faults.forgeries`."""

from pathlib import Path

import pytest

from tests.faults.forgeries import run

pytestmark = pytest.mark.promise("Cases and evidence: Each forgery of a package or log is found.")


def test_each_forged_package_and_log_is_found_at_its_place_and_no_true_one_is_accused(
    tmp_path: Path,
) -> None:
    found = run(tmp_path, each=40, seed=7)
    assert found["missed"] == []
    assert found["found"] == {"packages": 40, "logs": 40, "true ones": 28}
