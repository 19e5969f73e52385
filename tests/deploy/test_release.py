"""A release is made of a clean, tagged commit, and its notes are the changelog's section."""

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
MOST_LINES = 40


def release(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [checkout / "deploy/release.sh", *words], capture_output=True, text=True, check=False
    )


def git(checkout: Path, *words: str) -> None:
    who = ["-c", "user.name=Xã", "-c", "user.email=xa@example.vn"]
    subprocess.run(["git", *who, *words], cwd=checkout, check=True, capture_output=True)


@pytest.fixture
def checkout(needs_system: None, tmp_path: Path) -> Path:
    """A commit with what the script reads before it builds anything."""
    for name in ("pyproject.toml", "CHANGELOG.md", "deploy/release.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "release")
    return tmp_path


@pytest.mark.system
def test_the_notes_are_the_section_of_the_version_and_short() -> None:
    notes = release(ROOT, "--notes").stdout
    assert 10 < len(notes.splitlines()) <= MOST_LINES
    assert "## " not in notes
    assert notes in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_a_commit_without_the_tag_is_no_release(checkout: Path) -> None:
    done = release(checkout)
    assert done.returncode == 1
    assert f"no tag v{VERSION}" in done.stderr


def test_the_tag_of_another_version_is_not_taken_for_this_ones(checkout: Path) -> None:
    git(checkout, "tag", f"v{VERSION}-rc1")
    assert f"no tag v{VERSION}" in release(checkout).stderr.splitlines()[0]


def test_a_checkout_with_changes_is_no_release(checkout: Path) -> None:
    git(checkout, "tag", f"v{VERSION}")
    (checkout / "CHANGELOG.md").write_text("# Changelog\n\n" + f"## {VERSION}\n\n- more\n", "utf-8")
    done = release(checkout)
    assert done.returncode == 1
    assert "has changes" in done.stderr


def test_a_version_without_notes_is_no_release(checkout: Path) -> None:
    (checkout / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n\n- x\n", "utf-8")
    done = release(checkout, "--draft")
    assert done.returncode == 1
    assert f"no section '## {VERSION}'" in done.stderr
