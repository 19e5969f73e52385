"""The compiled motion detection touches only the memory that it is given."""

import signal
import subprocess
import sys

import pytest

from agent.vision.motion import compiled
from tests.house.helpers.house import ROOT

pytestmark = [
    pytest.mark.system,
    pytest.mark.promise(
        "Motion: The compiled kernel touches no memory outside its input and output."
    ),
]

SIDES = pytest.mark.parametrize("side", ["begin", "end"])
A_BYTE_BESIDE = """
import ctypes
import sys
import numpy as np
from tests.agent.rigs.guarded import Guarded

at_end = sys.argv[1] == "end"
array = Guarded(at_end=at_end).of(np.full(5000, 7, np.uint8))
print(array.min(), array.max(), flush=True)
ctypes.string_at(array.ctypes.data + (5000 if at_end else -1), 1)
print("went on")
"""


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


@SIDES
def test_a_byte_beside_guarded_memory_ends_the_program(side: str) -> None:
    done = _run("-c", A_BYTE_BESIDE, side)
    assert (done.returncode, done.stdout) == (-signal.SIGSEGV, "7 7\n"), done.stderr


@pytest.mark.skipif(compiled.LIBRARY is None, reason="no library for this processor")
@SIDES
def test_the_compiled_eyes_touch_nothing_beside_what_they_are_handed(side: str) -> None:
    """The libraries as they are shipped, whose steps of 32 bytes no instrument sees into."""
    done = _run("-m", "tests.agent.rigs.guarded", side)
    assert done.returncode == 0, f"ended by {done.returncode} after: {done.stdout}{done.stderr}"
    tried = [line.split()[0] for line in done.stdout.splitlines()]
    assert tried == ["try_blocks", "try_pictures"]
