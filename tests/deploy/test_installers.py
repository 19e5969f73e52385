"""What the installers refuse before they touch anything; the rigs try all else in booted roots."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from deploy.node.wanted import wanted

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    path for folder in ("deploy", "tests/rigs") for path in (ROOT / folder).rglob("*.sh")
)

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="the installers need root")


def refusal(script: Path, *words: str) -> str:
    done = subprocess.run(
        [str(script), *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stderr
    assert not Path("/opt/matthan").exists()
    [line] = done.stderr.splitlines()
    return line


@as_root
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "a/b", "--contact", "k@example.vn"), "'a/b' is no host"),
        (("--host", "hub", "--contact", "nobody"), "--contact keeper@example.vn"),
        (("--host", "hub", "--contact", "k@example.vn", "--database", "oracle"), "'oracle'"),
        (("--host", "hub", "--contact", "k@example.vn", "--https", "files"), "--cert FILE"),
        (("--host", "hub", "--contact", "k@example.vn", "--https", "maybe"), "'maybe'"),
        (("--host", "hub", "--contact", "k@example.vn", "--bundle", "/none"), "/none"),
        (("--hots", "hub"), "Not understood: --hots"),
        (("--host",), "--host wants a word after it"),
        (("uninstall", "--all"), "Not understood: --all"),
    ],
)
def test_the_hubs_installer_says_in_one_line_what_it_does_not_take(
    words: tuple[str, ...], said: str
) -> None:
    assert said in refusal(ROOT / "deploy/hub/install.sh", *words)


@as_root
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--bundle", "/none"), "There is no folder /none"),
        (("--nonsense",), "Not understood: --nonsense"),
        (("--look",), "--look wants a word after it"),
        (("uninstall", "--all"), "Not understood: --all"),
    ],
)
def test_the_nodes_installer_says_in_one_line_what_it_does_not_take(
    words: tuple[str, ...], said: str
) -> None:
    assert said in refusal(ROOT / "deploy/node/install.sh", *words)


@as_root
def test_a_bundle_that_was_not_copied_whole_is_refused(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    files = [path for path in (tmp_path / "deploy").rglob("*") if path.is_file()]
    sums = subprocess.run(
        ["sha256sum", *(str(path.relative_to(tmp_path)) for path in files)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (tmp_path / "SHA256SUMS").write_text(sums)
    with (tmp_path / "deploy/constraints.txt").open("r+") as file:
        file.truncate(40)
    assert "was not copied whole" in refusal(tmp_path / "deploy/node/install.sh", "CODE")
    (tmp_path / "deploy/constraints.txt").unlink()
    assert "was not copied whole" in refusal(tmp_path / "deploy/node/install.sh", "CODE")


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_a_bundle_holds_all_that_an_agent_imports_pinned(python: str) -> None:
    lines = wanted(python)
    names = {line.split("=")[0].split(">")[0] for line in lines}
    assert {"numpy", "opencv-python-headless", "av", "ai-edge-litert", "httpx"} <= names
    assert {"hatchling", "trove-classifiers"} <= names  # what builds the program itself
    assert not {"fastapi", "pytest"} & names
    assert len(lines) == len(names)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_against_a_script(script: Path) -> None:
    done = subprocess.run(
        ["shellcheck", "-x", "-S", "warning", str(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    # dots.sh and installing.sh are sourced: what they set is used by others
    assert [line for line in done.stdout.splitlines() if "(error)" in line] == []
