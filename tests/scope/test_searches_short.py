"""The short form of the campaign of random searches, and proof that it would find a leak.

The long form is a command of its own: `tests/scope/searches.py`.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.access.rules.grants import Right
from hub.footage.tables import media
from hub.search import scope as search_scope
from hub.search import sighting_rows
from tests.scope import searches
from tests.scope.campaign import databases

pytestmark = [
    pytest.mark.promise("Core: No footage goes to anyone who is not entitled."),
    pytest.mark.promise("Rights: No random search shows a row, count or thumbnail out of scope."),
]


def found(folder: Path, kind: str = "sqlite", *, number: int, seed: int) -> searches.Found:
    counted = searches.Found()
    with databases(kind, folder) as make_url:
        searches.run(number, seed, folder, make_url, counted)
    return counted


@pytest.mark.parametrize(("kind", "number"), [("sqlite", 120), ("postgresql", 40)])
def test_of_random_searches_not_one_row_count_or_thumbnail_is_out_of_scope(
    tmp_path: Path, kind: str, number: int
) -> None:
    counted = found(tmp_path, kind, number=number, seed=20261125)
    assert counted.leaks == []
    assert counted.missed == []
    assert counted.rows > number / 2
    assert counted.pages > 0


def is_found(folder: Path, *words: str) -> bool:
    """Whether one of a few towns has somebody who is let see too much, said in such words.

    What one seed's people are granted changes with every draw that the town's making gets more.
    """
    for seed in range(1, 9):
        town = folder / str(seed)
        town.mkdir()
        leaks = found(town, number=60, seed=seed).leaks
        if any(word in leak for leak in leaks for word in words):
            return True
    return False


def test_the_campaign_finds_rows_by_another_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_scope, "RIGHTS", Right.SEE)
    assert is_found(tmp_path, ": rows ")


def test_the_campaign_finds_pictures_from_before_a_grant_reaches_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_of_the_camera(scope: Any) -> Any:
        return media.c.camera_id == scope.c.camera_id

    monkeypatch.setattr(sighting_rows, "seen_media", all_of_the_camera)
    assert is_found(tmp_path, "picture", "clips")


def test_the_campaign_starts_by_its_path(tmp_path: Path) -> None:
    command = [sys.executable, str(Path(searches.__file__)), "--help"]
    bare = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
