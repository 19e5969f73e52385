"""Helpers of the campaigns' commands: a new folder, progress lines, a summary."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import waiting

SAID_EVERY = 50


def carried_out(
    run: Callable[[Path, Callable[[int], None]], dict[str, Any]],
    *,
    name: str,
    wanted: int,
    report: Path | None,
) -> int:
    """Run a campaign of so many turns in a folder that is gone afterwards, print its summary (to
    `report` too), and return 1 where it found faults. `run` gets the folder, and whom to tell the
    number of each turn."""
    folder = Path(tempfile.mkdtemp(prefix=f"matthan-{name}-"))

    def show(turn: int) -> None:
        if turn % SAID_EVERY == 0:
            print(f"{turn} of {wanted}", file=sys.stderr, flush=True)

    try:
        summary = run(folder, show)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = json.dumps(summary, indent=2)
    print(text)
    if report is not None:
        report.write_text(text + "\n", encoding="utf-8")
    return 1 if summary["faults"] else 0


def summary_of(
    name: str, folder: Path, *options: str, ends_with: int = 0, patience_s: float = 300
) -> dict[str, Any]:
    """Of a campaign that is run as the command, since it forks: a process with threads must not."""
    summary = folder / "summary.json"
    command = [sys.executable, "-m", f"tests.faults.{name}", "--json", str(summary), *options]
    limit_s = max(patience_s, waiting.patience_s())
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=limit_s)
    assert ended.returncode == ends_with, ended.stdout + ended.stderr
    return dict(json.loads(summary.read_text(encoding="utf-8")))
