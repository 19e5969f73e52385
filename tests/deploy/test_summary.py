"""When the summary says that a clip begins late: by the node's own stamps, and not by luck."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from deploy.summary import CLIP_BEGINS_LATE

FIRST_SEEN_US = 10_000_000


@pytest.fixture
def hub() -> Iterator[sqlite3.Connection]:
    """A hub's database with one alert, of somebody first seen ten seconds in."""
    with closing(sqlite3.connect(":memory:")) as hub:
        hub.executescript("""
            CREATE TABLE events (camera_id, kind, sighting_id, body);
            CREATE TABLE sightings (id, alert_id);
            CREATE TABLE media (id, sha256);
            CREATE TABLE alerts (id, clip_id);
            INSERT INTO sightings VALUES ('s', 'a');
            INSERT INTO alerts VALUES ('a', 'shown');
        """)
        body = json.dumps({"first_seen_utc_us": FIRST_SEEN_US})
        hub.execute("INSERT INTO events VALUES ('cam', 'sighting_opened', 's', ?)", [body])
        yield hub


def clip(hub: sqlite3.Connection, name: str, first_us: int, camera: str = "cam") -> None:
    body = json.dumps({"sha256": f"hash of {name}", "first_frame_utc_us": first_us})
    hub.execute("INSERT INTO events VALUES (?, 'clip_ready', NULL, ?)", [camera, body])
    hub.execute("INSERT INTO media VALUES (?, ?)", [name, f"hash of {name}"])


@pytest.mark.parametrize(
    ("after_us", "is_late"), [(-5_000_000, False), (-1, False), (0, True), (1, True)]
)
def test_clip_must_begin_before_whom_it_shows(
    hub: sqlite3.Connection, after_us: int, is_late: bool
) -> None:
    clip(hub, "an earlier one", 0)
    clip(hub, "shown", FIRST_SEEN_US + after_us)
    assert hub.execute(CLIP_BEGINS_LATE).fetchone() == (is_late,)


@pytest.mark.parametrize(("after_us", "is_late"), [(0, False), (1, True)])
def test_whoever_stood_in_a_cameras_first_frame_has_nothing_before(
    hub: sqlite3.Connection, after_us: int, is_late: bool
) -> None:
    clip(hub, "of another camera", 0, camera="other")
    clip(hub, "shown", FIRST_SEEN_US + after_us)
    assert hub.execute(CLIP_BEGINS_LATE).fetchone() == (is_late,)
