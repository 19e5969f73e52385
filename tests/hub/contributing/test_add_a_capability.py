"""The page on adding a capability is true: its files, written into a copy, work."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.hub.helpers.contributing.copies import link, run_in

pytestmark = pytest.mark.system

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = ROOT / "docs/contributing/add-a-capability.md"
LIST: Final = "hub/app/features.py"
VERSIONS: Final = "hub/base/db/migrations/versions"
SHOWN_FILE: Final = re.compile(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES: Final = re.compile(r"^```text\n([^\n]+\n)```$", re.MULTILINE)


def test_the_capability_of_the_page_works_in_a_copy(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    files = dict(SHOWN_FILE.findall(page))
    last = max(path.name[:4] for path in (ROOT / VERSIONS).glob("[0-9]*.py"))
    following = f"{int(last) + 1:04}"
    copy = tmp_path / "copy"
    folders = {"", str(Path(LIST).parent), VERSIONS, "tests/hub"}
    link(ROOT, copy, folders | {str(above) for one in folders for above in Path(one).parents})
    for name, text in files.items():
        path = copy / name.replace("NEXT", following)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("NEXT", following).replace("LAST", last), encoding="utf-8")
    (copy / LIST).unlink()
    (copy / LIST).write_text(with_lines((ROOT / LIST).read_text("utf-8"), page), encoding="utf-8")

    tests = ["tests/hub/test_camera_notes.py", "tests/hub/app/test_features.py"]
    run = run_in(copy, "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout


def with_lines(text: str, page: str) -> str:
    """The list of features with the two lines of the page."""
    imported, listed = LINES.findall(page)
    after = "from hub.web.feature import Feature\n"
    before = "    # Without pages of their own:\n"
    assert after in text
    assert before in text
    return text.replace(after, after + imported).replace(before, listed + before)
