"""Sightings that a killed run left open: the next run closes them, once, with true times."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from agent.journal import Journal, WaitingEvent
from agent.media.frame import Instant
from agent.wire.messages import Body, SightingClosed, SightingOpened, SightingUpdated
from agent.wire.terms import BoxWords, ClockSource, ObjectKind

OLD_BOOT, NEW_BOOT = UUID(int=1), UUID(int=2)
NOON_US = 1_790_000_000_000_000
BOX = BoxWords(x0=0, y0=0, x1=1, y1=1)


def at(seconds: float) -> Instant:
    return Instant(round((1_000 + seconds) * 1e9), NOON_US + round(seconds * 1e6))


def opened(sighting_id: UUID, *, first_seen_s: float = 0) -> SightingOpened:
    return SightingOpened(
        camera="cam",
        sighting_id=sighting_id,
        object_kind=ObjectKind.PERSON,
        people=1,
        score=0.5,
        box=BOX,
        first_seen_utc_us=at(first_seen_s).utc_us,
        picture=None,
    )


def updated(sighting_id: UUID) -> SightingUpdated:
    return SightingUpdated(
        camera="cam", sighting_id=sighting_id, people=2, score=0.6, box=BOX, picture=None
    )


def closed(sighting_id: UUID) -> SightingClosed:
    return SightingClosed(
        camera="cam", sighting_id=sighting_id, last_seen_utc_us=at(9).utc_us, duration_ms=9000
    )


def journal_of(path: Path, boot_id: UUID = OLD_BOOT, *, starts_in_1970: bool = False) -> Journal:
    now = Instant(5_000_000_000, 5_000_000) if starts_in_1970 else at(100)
    return Journal.open(path, now=lambda: now, boot_id=boot_id, trust=lambda: (ClockSource.NTP, 20))


def put(journal: Journal, body: Body, seconds: float) -> UUID:
    with journal.transaction() as tx:
        return tx.add_event(body, at=at(seconds))


def closings(journal: Journal) -> list[WaitingEvent]:
    return [one for one in journal.waiting(100) if isinstance(one.body, SightingClosed)]


def test_what_an_earlier_boot_left_open_ends_where_it_was_last_spoken_of(tmp_path: Path) -> None:
    there, gone = uuid4(), uuid4()
    journal = journal_of(tmp_path / "j.db")
    put(journal, opened(there, first_seen_s=1), 2)
    put(journal, opened(gone), 3)
    put(journal, updated(there), 7)
    put(journal, closed(gone), 9)
    journal.close()

    journal = journal_of(tmp_path / "j.db", NEW_BOOT, starts_in_1970=True)
    assert journal.close_left_open() == 1
    end = closings(journal)[-1]
    assert end.body == SightingClosed(
        camera="cam", sighting_id=there, last_seen_utc_us=at(7).utc_us, duration_ms=6000
    )
    assert (end.boot_id, end.at, end.error_ms) == (OLD_BOOT, at(7), 20), "by the clocks of then"
    assert journal.close_left_open() == 0, "said once"
    journal.close()


def test_duration_is_monotonic_when_the_clock_was_set_meanwhile(tmp_path: Path) -> None:
    there, journal = uuid4(), journal_of(tmp_path / "j.db")
    put(journal, opened(there, first_seen_s=1), 2)
    with journal.transaction() as tx:
        tx.add_event(updated(there), at=Instant(at(7).mono_ns, at(7).utc_us + 3_600_000_000))
    assert journal.close_left_open() == 1
    (end,) = closings(journal)
    assert isinstance(end.body, SightingClosed)
    assert end.body.duration_ms == 6000
    journal.close()


def test_a_receipted_opening_is_closed_too_and_a_refused_closing_is_not_said_again(
    tmp_path: Path,
) -> None:
    stored, refused = uuid4(), uuid4()
    journal = journal_of(tmp_path / "j.db")
    journal.receipt([put(journal, opened(stored), 1), put(journal, opened(refused), 1)])
    journal.refuse(put(journal, closed(refused), 2), reason="malformed", detail="")
    assert journal.close_left_open() == 1
    (end,) = closings(journal)
    assert isinstance(end.body, SightingClosed)
    assert end.body.sighting_id == stored
    journal.close()


def test_a_sighting_that_the_hub_asked_for_again_is_not_closed_a_second_time(
    tmp_path: Path,
) -> None:
    day, today = 86_400, [at(0)]
    journal = Journal.open(tmp_path / "j.db", now=lambda: today[0], boot_id=OLD_BOOT)
    person = uuid4()
    opening, closing = put(journal, opened(person), 0), put(journal, closed(person), 9)
    journal.receipt([opening, closing])
    today[0] = at(3 * day)
    journal.say_again([(1, 1)], [])
    journal.receipt([opening])

    today[0] = at(8 * day)
    assert journal.prune() == 0, "the closing stays as long as its opening"
    assert journal.close_left_open() == 0
    today[0] = at(11 * day)
    assert journal.prune() == 2
    journal.close()


@pytest.mark.parametrize("damage", ["{", "{}", '{"kind": "sighting_opened", "sighting_id": 3}'])
def test_an_unreadable_opening_ends_nothing_and_hinders_nothing(
    tmp_path: Path, damage: str
) -> None:
    broken, there, path = uuid4(), uuid4(), tmp_path / "j.db"
    journal = journal_of(path)
    put(journal, opened(broken), 1)
    journal.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE events SET body = ?", (damage,))
    connection.close()
    journal = journal_of(path, NEW_BOOT)
    put(journal, opened(there), 2)
    assert journal.close_left_open() == 1
    journal.close()


@pytest.mark.system
def test_a_process_killed_in_the_middle_of_sightings_is_made_good(tmp_path: Path) -> None:
    """kill -9 while it writes; whatever was opened has exactly one end after the next start."""
    path = tmp_path / "j.db"
    busy = f"""
import itertools, sys
from pathlib import Path
from uuid import uuid4
from tests.agent.journal import test_left_open as rig
journal = rig.journal_of(Path({str(path)!r}))
for number in itertools.count():
    one = uuid4()
    rig.put(journal, rig.opened(one), number)
    if number % 3:
        rig.put(journal, rig.closed(one), number)
    print(number, flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", busy],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    while int(process.stdout.readline()) < 20:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()

    journal = journal_of(path, NEW_BOOT)
    assert journal.close_left_open() >= 7
    said = journal.waiting(10_000)
    begun = [one.body.sighting_id for one in said if isinstance(one.body, SightingOpened)]
    ended = [one.body.sighting_id for one in said if isinstance(one.body, SightingClosed)]
    assert sorted(begun) == sorted(ended)
    journal.close()
