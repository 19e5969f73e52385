"""Helpers of the tests of pages, used by more than one module."""

from typing import Any

import pytest
from playwright.sync_api import Error, Page

from hub.access.signin.own_account import OwnAccountService
from tests.browser.conftest import DESK, PHONE, Hub

SIZES = {"phone": PHONE, "desk": DESK}
LANGUAGES = {"vi": "vi-VN", "en": "en-GB"}
# A page with a test of its own is looked at in these: each size, language and theme at least once.
_LOOK = ("size", "language", "theme")
in_two_looks = pytest.mark.parametrize(_LOOK, [("phone", "vi", "dark"), ("desk", "en", "light")])
_THREE = [("phone", "vi", "dark"), ("phone", "en", "light"), ("desk", "vi", "light")]
in_three_looks = pytest.mark.parametrize(_LOOK, _THREE)
in_four_looks = pytest.mark.parametrize(_LOOK, [*_THREE, ("desk", "en", "dark")])


def set_language(hub: Hub, login: str, language: str) -> None:
    signed_in = hub.town.accounts.sign_in(login, "đèn đường 756", came_from="")
    assert hasattr(signed_in, "asker")
    hub.town.services.use(OwnAccountService).set_language(signed_in.asker, language)


def fits(page: Page) -> bool:
    """Whether nothing sticks out to the right, once the page is there."""
    while True:
        page.wait_for_load_state()
        try:
            return bool(
                page.evaluate(
                    "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
                )
            )
        except Error as error:  # a page that waits for something loads itself again
            if "navigation" not in error.message:
                raise


def box(page: Page, selector: str) -> Any:
    found = page.locator(selector).first.bounding_box()
    assert found is not None, selector
    return found
