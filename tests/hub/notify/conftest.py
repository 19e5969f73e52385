"""A town on each database."""

import pytest

from hub.store.database import Database
from tests.hub.notify.town import Town, VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def town(db: Database, clock: VirtualClock) -> Town:
    return Town(db, clock)
