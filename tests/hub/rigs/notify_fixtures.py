"""A town on each database."""

import pytest

from hub.base.db.database import Database
from tests.hub.rigs.notify_town import Town, VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def town(db: Database, clock: VirtualClock) -> Town:
    return Town(db, clock)
