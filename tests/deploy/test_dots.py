"""deploy/dots.sh: long steps show dots while they run."""

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.waiting import patience_s, until

pytestmark = pytest.mark.promise("Demonstration: A step of more than a few seconds shows progress.")

DEPLOY = Path(__file__).parents[2] / "deploy"


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"source {DEPLOY}/dots.sh; {script}"],
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )


def dotters_of(session: int) -> list[int]:
    """Shells of a session that are still there."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == session and process.name() == "bash":
                found.append(process.pid)
    return found


@pytest.mark.system
def test_a_long_step_shows_dots_though_its_own_errors_go_to_a_log_and_its_output_is_its_own() -> (
    None
):
    done = run("with_dots sh -c 'sleep 5; echo result' 2>/dev/null")
    assert (done.returncode, done.stdout) == (0, "result\n")
    assert re.fullmatch(r"\.+\n", done.stderr)


@pytest.mark.system
def test_a_short_step_says_nothing_and_a_failing_one_fails_with_its_own_code() -> None:
    assert run("with_dots true").stderr == ""
    assert run("with_dots sh -c 'exit 100' || exit $?").returncode == 100


@pytest.mark.system
def test_no_dots_go_on_when_the_shell_that_began_them_is_killed(tmp_path: Path) -> None:
    errors = tmp_path / "errors"
    with errors.open("wb") as file:
        shell = f"source {DEPLOY}/dots.sh; with_dots sleep 30"
        process = subprocess.Popen(["bash", "-c", shell], stderr=file, start_new_session=True)
        until(lambda: b"." in errors.read_bytes())
        process.kill()
        process.wait()
    until(lambda: not dotters_of(process.pid))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def test_every_step_of_the_set_up_that_takes_its_time_shows_that_it_goes_on() -> None:
    """Read, not run: the set-up of this machine is over."""
    slow = re.compile(
        r"\s*(\(cd .* && )?(?P<dots>with_dots )?(as_root )?(env \S+ )?"
        r"(apt-get (update|install|-q) |ffmpeg -nostdin|\"\$venv/bin/python\" -m pip )"
    )
    for script in ("setup.sh", "recording.sh"):
        lines = (DEPLOY / script).read_text().splitlines()
        steps = [step for step in map(slow.match, lines) if step]
        assert len(steps) >= 2
        assert all(step["dots"] for step in steps), script
