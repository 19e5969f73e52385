"""The short form of the campaign that pulls the plug on the node's installer.

The long form is a command of its own: tests/faults/power/installs.py.
"""

from pathlib import Path

import pytest

from tests.faults.carried import summary_of
from tests.faults.power.install_root import why_not

PATIENCE_S = 1800.0
"""Two runs of pip come first."""

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=why_not() or "-"),
    pytest.mark.promise(
        "Fleet: A power cut during install, update or settings leaves one working state."
    ),
]


def test_whenever_the_plug_is_pulled_on_the_installer_what_worked_works_and_the_next_run_mends(
    tmp_path: Path,
) -> None:
    options = ("--seed", "3", "--pulls", "5")
    counted = summary_of("power.installs", tmp_path, *options, patience_s=PATIENCE_S)
    assert counted["faults"] == []
    assert counted["pulls"] == counted["plugs"] + counted["kills"] == 5


def test_an_installer_that_does_not_sync_is_found(tmp_path: Path) -> None:
    options = ("--seed", "5", "--pulls", "6", "--harm", "unsynced")
    told = summary_of("power.installs", tmp_path, *options, ends_with=1, patience_s=PATIENCE_S)
    assert any("not whole" in fault for fault in told["faults"])
