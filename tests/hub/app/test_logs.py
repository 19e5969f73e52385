"""Log lines on a terminal: an error with its traceback, and no secret of the functions in it."""

import subprocess
import sys
from typing import Final

import pytest

FAILS: Final = """
import sys
import structlog
from hub.app.config import LogSection
from hub.app.logs import set_up

sys.stderr.isatty = lambda: True
set_up(LogSection())

def fail(password):
    raise ValueError("no such door")

try:
    fail("".join(("hunt", "er2")))
except ValueError:
    structlog.get_logger().exception("door.failed")
"""


@pytest.mark.system
def test_a_traceback_on_a_terminal_names_the_line_and_no_value() -> None:
    ran = subprocess.run([sys.executable, "-c", FAILS], capture_output=True, text=True, check=True)
    assert "ValueError" in ran.stderr and "in fail" in ran.stderr
    assert "hunter2" not in ran.stderr
