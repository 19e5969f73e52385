"""The work to lease notifications depends on their number, not on the number of people in town."""

import sqlite3
from collections.abc import Iterator
from typing import Final

import pytest

from hub.base.db.database import Database
from tests.hub.rigs.notify_town import Town, VirtualClock

EVERY: Final = 10
"""Instructions of SQLite between two counts."""


@pytest.fixture
def town(sqlite_url: str, clock: VirtualClock) -> Iterator[Town]:
    database = Database(sqlite_url)
    yield Town(database, clock)
    database.close()


def instructions_of_a_claim(town: Town) -> int:
    """SQLite's own instructions for the claim of one new message; its clock is not asked."""
    town.owe(town.alert())
    counts = 0

    def count() -> int:
        nonlocal counts
        counts += 1
        return 0

    with town.db.writing() as conn:
        driver = conn.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.set_progress_handler(count, EVERY)
    (pending,) = town.claim()
    driver.set_progress_handler(None, 0)
    assert pending.may_act
    return counts * EVERY


def test_a_claim_reads_no_grants_of_people_whom_it_does_not_tell(town: Town) -> None:
    town.officer("hai")
    instructions_of_a_claim(town)
    alone = instructions_of_a_claim(town)
    for number in range(100):
        town.officer(f"other-{number}", phone_count=0)
    assert instructions_of_a_claim(town) < 1.2 * alone
