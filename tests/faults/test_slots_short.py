"""The short form of the campaign that pulls the plug on an update of the programs.

The long form is a command of its own: tests/faults/slots.py.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def campaign(folder: Path, *options: str, ends_with: int = 0) -> dict[str, Any]:
    """Run as the command, since it forks: a process with threads must not."""
    summary = folder / "summary.json"
    command = [sys.executable, "-m", "tests.faults.slots", "--json", str(summary), *options]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert ended.returncode == ends_with, ended.stdout + ended.stderr
    return dict(json.loads(summary.read_text(encoding="utf-8")))


def test_whenever_the_plug_is_pulled_one_whole_slot_is_in_use(tmp_path: Path) -> None:
    counted = campaign(tmp_path, "--seed", "3", "--pulls", "40")
    assert counted["faults"] == []
    assert counted["found_on_probation"] >= 10
    assert counted["fell_back"] >= 10


def test_slots_that_are_turned_without_a_sync_are_found(tmp_path: Path) -> None:
    faults = campaign(tmp_path, "--pulls", "20", "--harm", ends_with=1)["faults"]
    assert any("not whole" in fault for fault in faults)
