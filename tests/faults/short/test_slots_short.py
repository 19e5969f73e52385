"""The short form of the campaign that pulls the plug on an update of the programs.

The long form is a command of its own: tests/faults/power/slots.py.
"""

from pathlib import Path

import pytest

from tests.faults.carried import summary_of

pytestmark = [
    pytest.mark.promise("Fleet: A signed update checks itself or falls back."),
    pytest.mark.promise(
        "Fleet: A power cut during install, update or settings leaves one working state."
    ),
]


def test_whenever_the_plug_is_pulled_one_whole_slot_is_in_use(tmp_path: Path) -> None:
    counted = summary_of("power.slots", tmp_path, "--seed", "3", "--pulls", "40")
    assert counted["faults"] == []
    assert counted["found_on_probation"] >= 10
    assert counted["fell_back"] >= 10


def test_slots_that_are_turned_without_a_sync_are_found(tmp_path: Path) -> None:
    faults = summary_of("power.slots", tmp_path, "--pulls", "20", "--harm", ends_with=1)["faults"]
    assert any("not whole" in fault for fault in faults)
