"""Helpers of the tests of notices, used by more than one module."""

import pytest

from hub.access.rules.grants import Right
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor

CHANNELS = ("telegram", "zalo_group")
FORM = {"title": "Cúp điện ngày mai", "words": "Từ 8 giờ đến 11 giờ.\nKhu phố 2.", "days": "3"}


def add_leader(town: Town) -> None:
    town.add_person("lan", "Lãnh đạo Lan", "leader", Right.SEE | Right.MANAGE)


@pytest.fixture
def lan(town: Town) -> Visitor:
    return Visitor(town.app(notice_channels=CHANNELS)).sign_in("lan", PASSWORD)
