"""Writes `tests/slow_files.txt`: test files that the fast check leaves to the whole run.

    deploy/fast_tests.sh .venv/bin --all --durations=0 -vv >LOG
    .venv/bin/python deploy/slow_files.py LOG

A file is slow if one of its tests takes `SLOW_S` on average, on an idle machine with two cores.
Checks of the project's own text stay in the fast check: they say most about a change.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final

SLOW_S: Final = 0.13
"""At this limit 918 of 6,608 tests are left out; they take 54 % of the time."""
OF_THE_TEXT: Final = ("tests/house/", "tests/contracts/")
LIST: Final = Path("tests/slow_files.txt")
TAKEN: Final = re.compile(r"\s*([\d.]+)s (?:setup|call|teardown) +(tests/\S+?)::(.+)")


def slow_files(log: str) -> list[str]:
    """Files whose tests take long on average, by the durations that pytest printed."""
    taken_s: dict[str, float] = defaultdict(float)
    tests: dict[str, set[str]] = defaultdict(set)
    for seconds, file, test in TAKEN.findall(log):
        taken_s[file] += float(seconds)
        tests[file].add(test.strip())
    slow = (file for file, total_s in taken_s.items() if total_s / len(tests[file]) >= SLOW_S)
    return sorted(file for file in slow if not file.startswith(OF_THE_TEXT))


if __name__ == "__main__":
    LIST.write_text("".join(f"{file}\n" for file in slow_files(Path(sys.argv[1]).read_text())))
