"""Helpers of the tests of house, used by more than one module."""

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _tracked_names() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    assert listed.returncode == 0, listed.stderr.decode()
    return [name for name in listed.stdout.decode().split("\0") if (ROOT / name).is_file()]


# Asked once, before the first test: so the tests that read the files start no program.
TRACKED = _tracked_names()


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows and one of the patterns names; all of them without a pattern."""
    return [
        ROOT / name
        for name in TRACKED
        if not patterns or any(fnmatch(name, pattern) for pattern in patterns)
    ]
