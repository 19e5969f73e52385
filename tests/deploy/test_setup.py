"""`deploy/setup.sh` in a folder of its own; pip and the packages of Debian are stand-ins."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.waiting import patience_s

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.system


def run(folder: Path, script: str) -> str:
    """Run this with the functions of setup.sh, in the checkout."""
    text = (ROOT / "deploy/setup.sh").read_text(encoding="utf-8")
    functions = re.findall(r"^\w+\(\) \{.*?^\}$", text, re.M | re.S)
    head = f"cd '{ROOT}'; wanted=demo venv='{folder}/venv' policy='{folder}/policy-rc.d'"
    say = 'say() { echo "$*"; }'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join([*functions, head, say, script])],
        capture_output=True,
        text=True,
        timeout=patience_s(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FILL = "install_pinned() { :; }; install_checkout() { :; }; fill_venv"


def test_an_environment_of_another_python_is_made_anew(tmp_path: Path) -> None:
    """After an upgrade of Debian its Python looks for its packages elsewhere."""
    assert "Making the virtual environment" in run(tmp_path, FILL)
    assert run(tmp_path, FILL) == ""
    [packages] = (tmp_path / "venv/lib").glob("python3.*")
    packages.rename(packages.with_name("python3.1"))
    assert "Making the virtual environment" in run(tmp_path, FILL)
    assert run(tmp_path, FILL) == ""


def test_a_run_that_was_cut_off_does_not_hold_services_for_ever(tmp_path: Path) -> None:
    hold = 'as_root() { "$@"; }; hold_services; '
    run(tmp_path, f"({hold} kill -9 $BASHPID) || true")
    assert (tmp_path / "policy-rc.d").read_text().endswith("exit 101\n")
    run(tmp_path, hold)
    assert not (tmp_path / "policy-rc.d").exists()
    (tmp_path / "policy-rc.d").write_text("of somebody else")
    run(tmp_path, hold)
    assert (tmp_path / "policy-rc.d").read_text() == "of somebody else"
