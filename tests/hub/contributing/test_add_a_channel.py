"""The page on adding a channel is true: its files, written into a copy, work."""

import re
from pathlib import Path
from typing import Final

import pytest

from tests.hub.helpers.contributing.copies import link, run_in

pytestmark = pytest.mark.system

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = ROOT / "docs/contributing/add-a-channel.md"
LIST: Final = "hub/notify/channels/listing.py"
SHOWN_FILE: Final = re.compile(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE: Final = re.compile(r"^```text\n([^\n]+\n)```$", re.MULTILINE)
MOST_FILES_OF_CODE: Final = 2


def test_the_channel_of_the_page_works_in_a_copy(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    files = dict(SHOWN_FILE.findall(page))
    copy = tmp_path / "copy"
    folders = {"", str(Path(LIST).parent), "tests/hub/notify"}
    link(ROOT, copy, folders | {str(above) for one in folders for above in Path(one).parents})
    for name, text in files.items():
        (copy / name).write_text(text, encoding="utf-8")
    (copy / LIST).unlink()
    (copy / LIST).write_text(with_source((ROOT / LIST).read_text("utf-8"), page), encoding="utf-8")

    of_code = {LIST, *(name for name in files if not name.startswith("tests/"))}
    assert len(of_code) <= MOST_FILES_OF_CODE
    tests = ["tests/hub/notify/test_pager.py", "tests/hub/notify/test_channel_files.py"]
    run = run_in(copy, "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert run.returncode == 0, run.stdout + run.stderr
    assert " passed" in run.stdout
    checked = run_in(copy, "mypy", "--follow-imports=silent", *sorted(of_code))
    assert checked.returncode == 0, checked.stdout


def with_source(text: str, page: str) -> str:
    """The list of channels with the line of the page, and its import."""
    (listed,) = LINE.findall(page)
    imported, before = "import apprise, ntfy, webpush", "    apprise.SOURCE,\n"
    assert imported in text
    assert before in text
    with_import = text.replace(imported, "import apprise, ntfy, pager, webpush")
    return with_import.replace(before, f"{listed}{before}")
