"""The list of files that the fast check leaves to the whole run."""

from deploy import slow_files
from tests.house.helpers.house import ROOT

LOG = """
0.30s call     tests/hub/a/test_far.py::test_one
0.02s setup    tests/hub/a/test_far.py::test_one
0.02s call     tests/hub/a/test_far.py::test_two[a b]
0.20s call     tests/hub/a/test_near.py::test_one
0.01s call     tests/hub/a/test_near.py::test_two
0.90s call     tests/house/test_house.py::test_text
"""


FILES = [
    "tests/hub/a/test_near.py",
    "tests/hub/a/test_far.py",
    "tests/house/test_house.py",
    "tests/browser/test_page.py",
]


def test_a_file_is_slow_by_the_mean_of_its_tests_and_the_texts_own_checks_never_are() -> None:
    found = slow_files.slow_files(LOG, FILES)
    assert found == ["tests/browser/test_page.py", "tests/hub/a/test_far.py"]


def test_each_listed_file_is_there() -> None:
    listed = (ROOT / slow_files.LIST).read_text().split()
    assert listed
    assert [name for name in listed if not (ROOT / name).is_file()] == []
