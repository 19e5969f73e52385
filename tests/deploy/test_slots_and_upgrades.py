"""What the installers do to an installed version: slots, the backup before an upgrade, the first
keeper. Programs are stand-ins in a folder."""

import subprocess
from pathlib import Path

import pytest

from tests.waiting import patience_s

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.system,
    pytest.mark.promise("Installing: The hub's installer passes its checks."),
]


def run_installing(folder: Path, script: str) -> str:
    """Run this after the installers' common part, with `folder` in place of /opt/matthan; returns
    what was said."""
    text = (ROOT / "deploy/installing.sh").read_text(encoding="utf-8")
    (folder / "installing.sh").write_text(text.replace("home=/opt/matthan", f"home='{folder}/opt'"))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"source deploy/dots.sh; {script}", str(folder)],
        capture_output=True,
        cwd=ROOT,
        text=True,
        timeout=patience_s(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


FILL = """
source "$0/installing.sh"; wheel=$0/wheel; touch "$wheel"; mkdir -p "$home"
venv_options=(--without-pip); install_python() { :; }
fill_slot hub . ''; echo "$slot" >&2
"""
"""Makes a slot without any program in it."""


def test_who_runs_the_programs_can_read_them_whatever_roots_umask(tmp_path: Path) -> None:
    slot = Path(run_installing(tmp_path, f"umask 077; {FILL}").splitlines()[-1])
    for path in (slot, slot / "bin", slot / "bin/python", slot / "whole"):
        assert path.stat().st_mode & 0o004, path


def test_a_slot_of_another_python_is_made_anew(tmp_path: Path) -> None:
    """After an upgrade of Debian the slot's Python looks for its packages elsewhere."""
    slot = Path(run_installing(tmp_path, FILL).splitlines()[-1])
    (slot / "old").touch()
    assert "Installing the programs" in run_installing(tmp_path, FILL)
    assert not (slot / "old").exists()
    [packages] = (slot / "lib").glob("python3.*/site-packages")
    (packages / "hub").mkdir()
    (packages / "hub/__init__.py").touch()
    assert "Installing the programs" not in run_installing(tmp_path, FILL)


def slots(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "opt").glob("hub-*"))


def test_a_version_that_is_installed_twice_leaves_the_one_before(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / "opt" / f"hub-{name}").mkdir(parents=True)
    (tmp_path / "opt/hub").symlink_to(tmp_path / "opt/hub-b")
    turn = 'source "$0/installing.sh"; slot=$home/hub-c; turn_slot hub'
    run_installing(tmp_path, turn)
    assert slots(tmp_path) == ["hub-b", "hub-c"]
    run_installing(tmp_path, turn)
    assert slots(tmp_path) == ["hub-b", "hub-c"]
