"""The short form of the campaign that pulls the plug on a change of settings.

The long form is a command of its own: tests/faults/settings.py.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def campaign(folder: Path, *options: str, ends_with: int = 0) -> dict[str, Any]:
    """Run as the command, since it forks: a process with threads must not."""
    summary = folder / "summary.json"
    command = [sys.executable, "-m", "tests.faults.settings", "--json", str(summary), *options]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=300)
    assert ended.returncode == ends_with, ended.stdout + ended.stderr
    return dict(json.loads(summary.read_text(encoding="utf-8")))


def test_whenever_the_plug_is_pulled_one_whole_state_of_the_settings_is_there(
    tmp_path: Path,
) -> None:
    counted = campaign(tmp_path, "--seed", "3", "--pulls", "40", "--kills", "3")
    assert counted["faults"] == []
    assert counted["found_on_probation"] >= 10


def test_a_node_that_forgets_to_sync_its_settings_is_found(tmp_path: Path) -> None:
    options = ("--pulls", "20", "--kills", "0", "--harm")
    faults = campaign(tmp_path, *options, ends_with=1)["faults"]
    assert any("neither of the two" in fault for fault in faults)
