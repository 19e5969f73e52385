"""The two commands for a newcomer: what they print, what they do not touch, and their exit
codes."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.summary import faults
from tests.acceptance.demonstration import ROOT, demo_command, processes_of
from tests.waiting import patience_s

WHOLE = {
    "alerts": 2,
    "alerts_without": {"picture": 0, "clip": 0},
    "notifications": {"owed": 4, "accepted": 4},
    "events": {"missing": 0, "doubled": 0},
    "frame_to_push_s": {"p50": 0.1, "p95": 0.2},
}


def run_once(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        demo_command(folder, "--once", *words),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )


@pytest.fixture(scope="module")
def empty_street(needs_media: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds in which nobody comes."""
    path = tmp_path_factory.mktemp("street") / "empty.mp4"
    make = "ffmpeg -v error -f lavfi -i color=c=gray:s=320x240:r=10:d=8 -c:v libx264 -g 10 -bf 0"
    subprocess.run([*make.split(), "-pix_fmt", "yuv420p", str(path)], check=True)
    return path


@pytest.mark.promise("Demonstration: A broken promise makes the playing fail with the reason.")
@pytest.mark.system
def test_a_playing_that_broke_a_promise_ends_non_zero_with_the_reason(
    tmp_path: Path, empty_street: Path
) -> None:
    done = run_once(tmp_path / "town", "--recording", str(empty_street))
    assert done.returncode == 1
    assert "no alert came of the recording" in done.stderr
    assert processes_of(tmp_path / "town") == []


@pytest.mark.promise("Demonstration: A broken promise makes the playing fail with the reason.")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"alerts": 0}, "no alert"),
        ({"events": {"missing": 2, "doubled": 0}}, "2 events are missing"),
        ({"events": {"missing": 0, "doubled": 1}}, "1 events are doubled"),
        ({"notifications": {"owed": 4, "accepted": 3}}, "3 of 4 notifications"),
        ({"notifications": {"owed": 0, "accepted": 0}}, "nobody was owed"),
        ({"frame_to_push_s": {"p50": 1.0, "p95": 2.1}}, "2.1 s"),
        ({"frame_to_push_s": {"p50": None, "p95": None}}, "None s"),
        ({"alerts_without": {"picture": 0, "clip": 1}}, "1 alerts without clip"),
    ],
)
def test_every_broken_promise_is_a_fault_of_the_summary(
    change: dict[str, object], words: str
) -> None:
    assert faults(WHOLE, slowest_push_s=2.0) == []
    assert words in " ".join(faults({**WHOLE, **change}, slowest_push_s=2.0))


@pytest.mark.promise("Demonstration: Both commands can run twice without harm.")
@pytest.mark.system
def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    (folder / "letters.txt").write_text("mine")
    done = run_once(folder)
    assert done.returncode == 1
    assert "holds other things" in done.stderr
    assert (folder / "letters.txt").read_text() == "mine"


@pytest.mark.promise(
    "Demonstration: A script without the product's code counts missing and doubled events."
)
def test_missing_and_doubled_are_counted_without_either_program() -> None:
    tree = ast.parse((ROOT / "deploy" / "count.py").read_text())
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else name.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= set(sys.stdlib_module_names)


@pytest.mark.promise(
    "Demonstration: The virtual environment is the folder `.venv` of the checkout."
)
@pytest.mark.promise("Demonstration: Both commands can run twice without harm.")
@pytest.mark.system
def test_set_up_a_second_time_is_quick_silent_and_harmless() -> None:
    before = (ROOT / ".venv" / "ready").read_text() if (ROOT / ".venv" / "ready").exists() else None
    if before is None:
        pytest.skip("this environment was not made by deploy/setup.sh")
    done = subprocess.run(
        [str(ROOT / "deploy" / "setup.sh"), "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )
    assert done.returncode == 0
    assert (done.stdout, done.stderr) == ("", "")
    assert (ROOT / ".venv" / "ready").read_text() == before
    assert Path(sys.prefix) == ROOT / ".venv"


@pytest.mark.promise("Demonstration: Both commands can run twice without harm.")
@pytest.mark.system
def test_the_test_command_a_second_time_says_the_same_and_leaves_nothing_behind() -> None:
    """With one small file of tests, since all of them are running right now."""
    if not (ROOT / ".venv" / "ready").exists():
        pytest.skip("this environment was not made by deploy/setup.sh")

    def checkout() -> str:
        said = ["git", "status", "--porcelain", "--ignored=no"]
        return subprocess.run(said, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    before = checkout()
    for _ in range(2):
        done = subprocess.run(
            [str(ROOT / "deploy" / "test.sh"), "tests/deploy/test_dots.py"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=patience_s(),
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"\b\d+ passed\b", done.stdout), done.stdout
        assert checkout() == before


@pytest.mark.system
def test_set_up_refuses_a_word_it_does_not_know() -> None:
    done = subprocess.run(
        [str(ROOT / "deploy" / "setup.sh"), "tset"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "Say demo, test or check, not 'tset'" in done.stderr


@pytest.mark.promise("Demonstration: `deploy/test.sh` runs each kind of check.")
@pytest.mark.promise("Demonstration: `.ci/run` runs the same command.")
def test_the_test_command_runs_every_kind_of_check_and_ci_runs_the_test_command() -> None:
    """Read, not run: it is running right now."""
    script = (ROOT / "deploy" / "test.sh").read_text()
    fast = (ROOT / "deploy" / "check.sh").read_text()
    for part in ("deploy/setup.sh test", "deploy/check.sh --static"):
        assert part in script
    for part in ("ruff format --check", "ruff check", "mypy", "lint-imports"):
        assert part in fast
    assert re.search(r"^exec .*pytest", script, re.M), "the runner's summary comes last"
    assert "deploy/test.sh" in (ROOT / ".ci" / "run").read_text()
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert {"agent", "hub", "acceptance", "browser", "house", "models", "deploy"} <= folders


@pytest.mark.promise("Model: No node needs a training framework.")
@pytest.mark.system
def test_no_part_of_a_node_needs_a_training_framework() -> None:
    """In a process of its own: nothing that the agent imports brings torch or tensorflow in."""
    look = (
        "import json, sys, agent.__main__, agent.app, agent.inference.litert\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not {"torch", "tensorflow"} & set(json.loads(done.stdout.splitlines()[-1]))
    assert shutil.which("matthan-agent", path=str(Path(sys.executable).parent))
