"""Helpers of the tests of in words, used by more than one module."""

from hub.access.rules.grants import Right
from tests.browser.conftest import Hub


def board_member(hub: Hub, language: str = "vi") -> None:
    town = hub.town
    town.add_person("hoa", "Bà Hoa", "board_member", Right.ALERTED, language=language)
