"""Rules of the test run: marks are true, and nothing outlives a test."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import MARKS, counts, need_of_program
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
import os, socket, subprocess, sys, time
import pytest
from pathlib import Path
"""


def run(folder: Path, source: str, *words: str) -> dict[str, str]:
    """The outcome of each test of a file: its name, and what the run says of it."""
    (folder / "test_it.py").write_text(HEAD + source)
    done = subprocess.run(
        [*pytest_command(folder), "-rA", "--no-header", "--tb=line", *words],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "1000"},  # a reason is not cut off
        capture_output=True,
        text=True,
        check=False,
    )
    said: dict[str, str] = {}
    for kind, name, why in re.findall(r"^([A-Z]+) \S+::(\w+)(.*)", done.stdout, re.M):
        said[name] = f"{said.get(name, '')}{kind}{why} "
    return said


def pytest_command(folder: Path) -> list[str]:
    rules = ("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(folder))
    plugins = ("-p", "tests.needs", "-p", "tests.leftovers", "-p", "no:cacheprovider")
    return [sys.executable, "-m", "pytest", str(folder / "test_it.py"), *rules, *plugins]


@pytest.mark.system
def test_a_unit_test_that_starts_a_program_or_connects_or_sleeps_fails_there(
    tmp_path: Path,
) -> None:
    said = run(
        tmp_path,
        """
def test_starts():
    try:
        subprocess.run(["true"])
    except Exception:
        pass  # not even this hides it

def test_connects():
    with socket.create_server(("127.0.0.1", 0)) as place:
        with socket.socket() as line:  # closed also where the connection is refused
            line.connect(place.getsockname())

def test_sleeps():
    time.sleep(0.3)

def test_nothing_of_this():
    time.sleep(0.01)
""",
    )
    assert said["test_starts"].startswith("FAILED")
    assert "starts ['true']: mark the test" in said["test_starts"]
    assert said["test_connects"].startswith("FAILED")
    if sys.version_info >= (3, 13):  # earlier ones do not say that they sleep
        assert said["test_sleeps"].startswith("FAILED")
    assert said["test_nothing_of_this"] == "PASSED "


@pytest.mark.system
def test_a_mark_that_a_test_does_not_need_or_that_is_not_enough_fails(tmp_path: Path) -> None:
    said = run(
        tmp_path,
        """
@pytest.fixture
def tool(needs_system):
    subprocess.run(["true"])

@pytest.mark.broker
def test_uses_none(): pass

@pytest.mark.system
def test_uses_one():
    subprocess.run(["true"])

@pytest.mark.broker
@pytest.mark.system
def test_uses_half():
    subprocess.run(["true"])

@pytest.mark.broker
def test_uses_another():
    subprocess.run(["true"])

def test_by_its_fixture(tool):
    subprocess.run(["true"])
""",
    )
    assert "marked broker, but used none" in said["test_uses_none"]
    assert said["test_uses_one"] == said["test_by_its_fixture"] == "PASSED "
    assert "marked broker, but used none" in said["test_uses_half"]
    assert said["test_uses_another"].startswith("FAILED")


def test_a_program_counts_as_what_it_is_whatever_starts_it() -> None:
    assert need_of_program(["/usr/sbin/mosquitto", "-c", "x"]) == "broker"
    assert need_of_program(["setpriv", "--pdeathsig", "KILL", "ffmpeg", "-v", "error"]) == "media"
    assert need_of_program([sys.executable, "-m", "hub", "node", "add"]) == "system"


@pytest.mark.system
def test_what_a_test_leaves_running_is_ended_and_the_test_fails(tmp_path: Path) -> None:
    said = run(
        tmp_path,
        f"""
@pytest.fixture(scope="module")
def wide(needs_system):
    one = subprocess.Popen(["sleep", "600"])
    yield one
    one.kill()
    one.wait()

@pytest.mark.system
def test_leaves_one():
    one = subprocess.Popen(["sleep", "600"], env={{}}, start_new_session=True)
    sys.kept = one
    Path({str(tmp_path / "pid")!r}).write_text(str(one.pid))

def test_keeps_that_of_a_wider_fixture(wide):
    assert wide.poll() is None

def test_it_is_still_there(wide):
    assert wide.poll() is None
""",
    )
    assert "Failed: left running" in said["test_leaves_one"], said
    assert said["test_it_is_still_there"] == "PASSED "
    pid = int((tmp_path / "pid").read_text())
    until(lambda: not is_running(pid), "it is ended")


@pytest.mark.system
def test_what_a_program_of_a_wider_fixture_starts_later_is_its_own(tmp_path: Path) -> None:
    """Chromium's crash handler begins after its browser, in a session of its own."""
    said = run(
        tmp_path,
        f"""
from tests.waiting import until

FILE = Path({str(tmp_path / "pids-0")!r})
SHELL = "read; (setsid sleep 600 & echo $! > $0); sleep 600"

@pytest.fixture(scope="module")
def wide(needs_system):
    environment = dict(os.environ)
    one = subprocess.Popen(["bash", "-c", SHELL, str(FILE)], stdin=subprocess.PIPE)
    yield one, environment
    one.kill()
    one.wait()
    one.stdin.close()
    os.kill(int(FILE.read_text()), 9)

def test_it_starts_another(wide):
    wide[0].stdin.write(b"\\n")
    wide[0].stdin.flush()
    until(lambda: FILE.exists() and FILE.read_text(), "it has started another")

@pytest.mark.system
def test_leaves_one_with_an_environment_of_the_fixture(wide):
    sys.kept = subprocess.Popen(["sleep", "600"], env=wide[1])
""",
    )
    assert said["test_it_starts_another"] == "PASSED ", said
    assert "Failed: left running" in said["test_leaves_one_with_an_environment_of_the_fixture"]


@pytest.mark.system
def test_a_run_that_is_killed_leaves_nothing_of_what_its_workers_started(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        HEAD
        + f"""
@pytest.mark.system
@pytest.mark.parametrize("number", [1, 2])
def test_hangs(number):
    shell = "trap '' TERM; sleep 600 & echo $$ $! > {tmp_path}/pids-$0; wait"
    one = subprocess.Popen(["bash", "-c", shell, str(number)], env={{}}, start_new_session=True)
    one.wait()
"""
    )
    command = [*pytest_command(tmp_path), "-n", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as started:
        until(lambda: len(pids(tmp_path)) == 4, "both tests are under way")
        begun = pids(tmp_path)
        assert all(is_running(pid) for pid in begun)
        started.send_signal(signal.SIGKILL)
    until(lambda: not any(is_running(pid) for pid in begun), "all are ended")


def pids(folder: Path) -> list[int]:
    """Ids of processes that the tests say they started."""
    return [int(pid) for file in folder.glob("pids-*") for pid in file.read_text().split()]


def is_running(pid: int) -> bool:
    """Not gone, and not only waiting to be asked how it ended."""
    try:
        return Path(f"/proc/{pid}/exe").readlink() != Path()
    except OSError:
        return False


def test_most_tests_are_in_the_fast_check_and_few_are_campaigns(
    request: pytest.FixtureRequest,
) -> None:
    found = counts(request.config)
    if found is None:
        pytest.skip("only a part of the tests was collected")
    assert found["fast"] >= 0.55 * found["all"]
    assert found["campaign"] <= 0.02 * found["all"]
    assert all(found[name] for name in MARKS)
