"""The page on adding a kind of alert is true: its entry, written into a copy, works."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.hub.helpers.contributing.copies import link, run_in

pytestmark = pytest.mark.system

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = ROOT / "docs/contributing/add-a-kind-of-alert.md"
KINDS: Final = "hub/alerting/alerts/rules/kinds.py"
ENTRY: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEXTS: Final = re.compile(r"^`([\w/.]+\.po)`:\n\n```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AFTER: Final = "\n\nUNKNOWN: Final"
"""Follows the last member of `Kind`."""


def copy_with(entry: str, copy: Path) -> Path:
    """A copy of the checkout whose kinds have one more entry."""
    texts = TEXTS.findall(PAGE.read_text(encoding="utf-8"))
    folders = {"", str(Path(KINDS).parent), "hub/locale/en/LC_MESSAGES"}
    folders |= {str(Path(name).parent) for name, _ in texts}
    link(ROOT, copy, folders | {str(above) for one in folders for above in Path(one).parents})
    before, _, after = (ROOT / KINDS).read_text(encoding="utf-8").partition(AFTER)
    assert after
    (copy / KINDS).unlink()
    (copy / KINDS).write_text(f"{before.rstrip()}\n{entry}{AFTER}{after}", encoding="utf-8")
    for source in [*copy.glob("hub/locale/*/LC_MESSAGES/*")]:
        content = source.read_bytes()  # what the commands write must not reach the checkout
        source.unlink()
        source.write_bytes(content)
    for name, more in texts:
        with (copy / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{more}")
    return copy


def test_the_kind_of_the_page_works_in_a_copy(tmp_path: Path) -> None:
    (entry,) = ENTRY.findall(PAGE.read_text(encoding="utf-8"))
    copy = copy_with(entry, tmp_path / "copy")
    made = run_in(copy, "tests.hub.catalogs")
    assert made.returncode == 0, made.stderr
    tests = ["tests/hub/alerting/test_kinds.py", "-k", "texts"]
    tried = run_in(copy, "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    says = "from hub.alerting.alerts.rules.kinds import KINDS; print(len(KINDS))"
    count = subprocess.run(
        [sys.executable, "-c", says], cwd=copy, capture_output=True, text=True, check=True
    )
    assert f"{2 * (int(count.stdout) + 1)} passed" in tried.stdout  # and the unknown kind


def test_a_kind_without_a_text_does_not_type_check(tmp_path: Path) -> None:
    (entry,) = ENTRY.findall(PAGE.read_text(encoding="utf-8"))
    less = re.sub(r"^ +push=.*\n", "", entry, flags=re.MULTILINE)
    assert less != entry
    copy = copy_with(less, tmp_path / "copy")
    checked = run_in(copy, "mypy", "--follow-imports=silent", KINDS)
    assert 'Missing named argument "push" for "KindEntry"' in checked.stdout, checked.stdout
