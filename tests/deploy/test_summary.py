"""When the summary calls a clip late: if it begins at its sighting's first frame or after it."""

import sqlite3
from contextlib import closing

import pytest

from deploy.summary import CLIP_BEGINS_LATE

pytestmark = pytest.mark.promise("Core: A clip starts before its event.")

FIRST_SEEN_US = 10_000_000


@pytest.mark.parametrize(
    ("after_us", "is_late"), [(-5_000_000, False), (-1, False), (0, True), (1, True)]
)
def test_clip_must_begin_before_whom_it_shows(after_us: int, is_late: bool) -> None:
    with closing(sqlite3.connect(":memory:")) as hub:
        hub.executescript("""
            CREATE TABLE media (id, first_frame_utc_us);
            CREATE TABLE alerts (id, clip_id, began_utc_us);
        """)
        hub.execute("INSERT INTO media VALUES ('shown', ?)", [FIRST_SEEN_US + after_us])
        hub.execute("INSERT INTO alerts VALUES ('a', 'shown', ?)", [FIRST_SEEN_US])
        assert hub.execute(CLIP_BEGINS_LATE).fetchone() == (is_late,)
