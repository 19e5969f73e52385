"""The short form of the campaign that pulls the plug on a change of settings.

The long form is a command of its own: tests/faults/settings.py.
"""

from pathlib import Path

import pytest

from tests.faults.carried import summary_of

pytestmark = pytest.mark.promise(
    "Fleet: A power cut during install, update or settings leaves one working state."
)


def test_whenever_the_plug_is_pulled_one_whole_state_of_the_settings_is_there(
    tmp_path: Path,
) -> None:
    counted = summary_of("settings", tmp_path, "--seed", "3", "--pulls", "40", "--kills", "3")
    assert counted["faults"] == []
    assert counted["found_on_probation"] >= 10


def test_a_node_that_forgets_to_sync_its_settings_is_found(tmp_path: Path) -> None:
    options = ("--pulls", "20", "--kills", "0", "--harm")
    faults = summary_of("settings", tmp_path, *options, ends_with=1)["faults"]
    assert any("neither of the two" in fault for fault in faults)
