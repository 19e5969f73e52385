"""What the campaigns' commands have in common: a new folder, a word now and then, a summary."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
