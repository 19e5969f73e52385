"""Writes `tests/slow_files.txt`: test files that the fast check leaves to the whole run.

    deploy/fast_tests.sh .venv/bin --all --durations=0 -vv >LOG
    .venv/bin/python deploy/slow_files.py LOG

A file is slow if one of its tests takes `SLOW_S` on average, on an idle machine with two cores. A
file without a line in LOG has no test of the fast check. It is listed too: to read it takes time.
Checks of the project's own text stay in the fast check: they say most about a change.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Final

SLOW_S: Final = 0.13
"""At this limit 5,195 of 6,608 tests are left; the others take more than half of the time."""
OF_THE_TEXT: Final = ("tests/house/", "tests/contracts/")
LIST: Final = Path("tests/slow_files.txt")
TAKEN: Final = re.compile(r"\s*([\d.]+)s (?:setup|call|teardown) +(tests/\S+?)::(.+)")


def slow_files(log: str, files: Collection[str]) -> list[str]:
    """Those of these files that the fast check leaves out, by the durations that pytest printed."""
    taken_s: dict[str, float] = defaultdict(float)
    tests: dict[str, set[str]] = defaultdict(set)
    for seconds, file, test in TAKEN.findall(log):
        taken_s[file] += float(seconds)
        tests[file].add(test.strip())
    return sorted(
        file
        for file in files
        if file not in tests or taken_s[file] / len(tests[file]) >= SLOW_S
        if not file.startswith(OF_THE_TEXT)
    )


if __name__ == "__main__":
    names = [path.as_posix() for path in Path("tests").rglob("test_*.py")]
    LIST.write_text(
        "".join(f"{file}\n" for file in slow_files(Path(sys.argv[1]).read_text(), names))
    )
