"""Waiting for a page: text that never appears ends a test soon, late text does not."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import conftest


@pytest.fixture(autouse=True)
def asked_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conftest, "ASK_AGAIN_MS", 50.0)


def test_a_word_that_comes_after_many_questions_is_found(chromium: Browser) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_content("<p>yes</p><script>setTimeout(() => document.write('no'), 300)</script>")
        expect(page.locator("body")).to_have_text("no")


def test_a_word_that_never_comes_is_told_with_what_is_there(
    chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conftest, "PAGE_LIMIT_S", 0.2)
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_content("<p>yes</p>")
        with pytest.raises(AssertionError, match=r"'no'\nActual value: yes"):
            expect(page.locator("p")).to_have_text("no")
