"""Scripts of the pages without a page: what they decide, run by node."""

import shutil
import subprocess
from pathlib import Path

import pytest

from hub.web.rendering import STATIC_FOLDER
from tests.waiting import patience_s

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None, reason="Node.js is not installed here: apt-get install nodejs"
)


def run(script: str, folder: Path) -> None:
    """Run a script of this folder over a copy of the pages' scripts that node takes as modules."""
    shutil.copytree(STATIC_FOLDER, folder, ignore=shutil.ignore_patterns("vendor", "icons"))
    (folder / "package.json").write_text('{"type": "module"}')
    words = ["node", str(Path(__file__).with_name(script)), str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=patience_s(), check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.promise("Pages: News of an open alert change nothing under the hand.")
def test_what_is_written_or_chosen_or_opened_stays(needs_browser: None, tmp_path: Path) -> None:
    run("detail.mjs", tmp_path / "static")


@pytest.mark.promise("Pages: The app works for a minute without a network.")
def test_what_one_owes_is_not_sent_while_the_next_signs_in(
    needs_browser: None, tmp_path: Path
) -> None:
    run("owed.mjs", tmp_path / "static")
