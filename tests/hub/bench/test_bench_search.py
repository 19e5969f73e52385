"""`bench search`: the same data in both databases, and an answer to every search."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from hub.app.months import moving
from hub.search.sighting_queries import FoundSightings, find_sightings
from tests.bench.hub import search, search_town
from tests.waiting import patience_s

pytestmark = pytest.mark.promise("Search: The search bench gives whole answers.")


def test_both_databases_hold_the_same_and_all_questions_are_answered(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = search.measure(database_url, 3000, rounds=2, seed=1)
    asked = found["questions"]
    assert len(asked) == 21
    assert asked["a camera's night"]["p95_ms"] > 0
    counts = {name: one["found"] for name, one in asked.items()}
    assert counts["crowds of ten in the province's year"] == 1  # of three: 8, 9 and 10 people
    assert counts["the year of twenty cameras, by who may search no other"] > 0
    assert capsys.readouterr().out == ""


def test_by_month_every_answer_is_that_of_one_table(postgres_url: str) -> None:
    town = search_town.make(postgres_url, sightings=3000, is_split=True)

    def answers() -> Iterator[FoundSightings]:
        for name, question in search.QUESTIONS.items():
            who, wanted = question(town, Random(name))  # noqa: S311 - the same every time
            with town.db.reading() as conn:
                yield find_sightings(conn, town.people[who], wanted, now=town.ends)

    by_month = [*answers()]
    assert len(moving.parts(town.db)) > 12
    assert moving.join(town.db, is_gentle=False) == 3000
    assert [*answers()] == by_month
    assert sum(found.count for found in by_month) > 50
    town.db.close()


@pytest.mark.system
def test_a_size_that_cannot_be_is_refused_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.bench.hub", "search", "--sightings", "1"]
    ended = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=patience_s()
    )
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "1,000 to 20,000,000" in ended.stderr


def test_the_questions_speak_of_the_town_that_is_made() -> None:
    assert search_town.COMMUNES * search_town.JUNCTIONS * search_town.CAMERAS == 10_000
    assert json.dumps(list(search.QUESTIONS))
