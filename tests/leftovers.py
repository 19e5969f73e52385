"""Fails a test that leaves a running program, and ends all programs at the end of the run.

Every test process puts a variable of its own into the environment of the programs it starts. After
each test that started something, the programs with this variable must be gone, except those of a
wider fixture, which carry a second one; the others are ended, and the test fails. A program hands
both on to what it starts, however late. When the test process itself is gone, even by SIGKILL, its
guardian ends all programs with the first variable.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from tests import guardian
from tests.waiting import busy

KIND: Final = "TEST_RUN_"
MARK: Final = f"{KIND}{uuid4().hex}"
"""The variable that what this process starts has in its environment."""
KEPT: Final = f"{MARK}_KEPT"
"""The second one, of what a wider fixture starts."""

GOING_S: Final = 10.0
"""What a program that was told to end gets until it is gone, on a machine that is not busy."""

_STARTS: Final = ("subprocess.Popen", "os.posix_spawn", "os.fork")


class _Started:
    """Whether this process started another since the last test."""

    has_new = False


_started = _Started()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    script = Path(guardian.__file__)
    # Without such variables, and in a session of its own: it must be the last to go.
    subprocess.Popen(
        [sys.executable, "-I", script, str(os.getpid()), MARK],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith(KIND)},
        start_new_session=True,
    ).returncode = 0  # it outlives this process, which is no fault
    os.environ[MARK] = "1"
    sys.addaudithook(_heard)


def _heard(event: str, arguments: tuple[Any, ...], starts: tuple[str, ...] = _STARTS) -> None:
    """`starts` is bound here: the interpreter ends with this module's names already gone."""
    if event not in starts:
        return
    _started.has_new = True
    environment = arguments[-1] if event != "os.fork" else None
    if isinstance(environment, dict):  # of the program's own: it gets the variables as well
        environment.setdefault(MARK, "1")
        environment.pop(KEPT, None)  # a wider fixture may have copied its own
        if KEPT in os.environ:
            environment[KEPT] = "1"


@contextmanager
def kept() -> Iterator[None]:
    """What is started inside outlives the test; whoever starts it ends it."""
    is_outermost = KEPT not in os.environ
    os.environ[KEPT] = "1"
    try:
        yield
    finally:
        if is_outermost:
            del os.environ[KEPT]


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Iterator[Any]:
    if fixturedef.scope == "function":
        return (yield)
    with kept():
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown() -> Iterator[None]:
    yield
    if not _started.has_new:
        return
    _started.has_new = False
    if left := _going(GOING_S * busy()):
        said = ", ".join(f"{pid} ({_words(pid)})" for pid in sorted(left))
        _end(left)
        pytest.fail(f"left running: {said}", pytrace=False)


def _left() -> set[int]:
    """What is not of a wider fixture."""
    return {pid for pid in guardian.marked(MARK) if not _is_kept(pid)}


def _is_kept(pid: int) -> bool:
    if "multiprocessing.resource_tracker" in _words(pid):  # one for all, ends with this process
        return True
    return guardian.holds(pid, KEPT)


def _children() -> set[int]:
    lists = (task / "children" for task in Path("/proc/self/task").iterdir())
    return {int(pid) for one in lists for pid in _read(one).split()}


def _is_beginning(pid: int) -> bool:
    """Whether it lives and shows no environment yet."""
    state = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    try:
        has_none = not Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # gone meanwhile, or another user's
        return False
    return bool(state) and state[0] not in "ZX" and has_none


def _going(within_s: float) -> set[int]:
    """Processes that are still there after their time to end."""
    until_s = time.monotonic() + within_s
    while any(map(_is_beginning, _children())) and time.monotonic() < until_s:
        time.sleep(0.001)
    while (left := _left()) and time.monotonic() < until_s:
        time.sleep(0.02)
    return left


def _end(pids: set[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _read(file: Path) -> str:
    """Empty for a process or a thread that is gone."""
    try:
        return file.read_text()
    except OSError:
        return ""


def _words(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()[:200].strip()
    return "gone"
