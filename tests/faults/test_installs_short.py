"""The short form of the campaign that pulls the plug on the node's installer.

The long form is a command of its own: tests/faults/installs.py.
"""

from pathlib import Path

import pytest

from tests.faults.carried import summary_of
from tests.faults.install_root import why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "-")


def test_whenever_the_plug_is_pulled_on_the_installer_what_worked_works_and_the_next_run_mends(
    tmp_path: Path,
) -> None:
    counted = summary_of("installs", tmp_path, "--seed", "3", "--pulls", "8")
    assert counted["faults"] == []
    assert counted["pulls"] == counted["plugs"] + counted["kills"] == 8


def test_an_installer_that_does_not_sync_is_found(tmp_path: Path) -> None:
    options = ("--seed", "3", "--pulls", "5", "--harm", "unsynced")
    faults = summary_of("installs", tmp_path, *options, ends_with=1)["faults"]
    assert faults
