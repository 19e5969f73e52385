"""A town on each database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store.database import Database
from hub.store.schema import migrate
from tests.hub.notify.town import Town, VirtualClock


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/hub.db"
    migrate(url)
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def town(db: Database, clock: VirtualClock) -> Town:
    return Town(db, clock)
