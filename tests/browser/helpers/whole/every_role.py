"""Helpers of the tests of every role, used by more than one module."""

from typing import Final

from tests.browser.helpers.whole.pages import LANGUAGES, SIZES

EVERY_LOOK: Final = [(size, language) for size in SIZES for language in LANGUAGES]
