"""Helpers of the tests of run, used by more than one module."""

import os
import subprocess
import sys
from pathlib import Path

from tests.waiting import patience_s

ROOT = Path(__file__).parents[4]


def agent(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "agent", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def outcome(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=patience_s())
    return process.returncode, out, err
