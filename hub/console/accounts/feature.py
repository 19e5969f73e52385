"""Feature: accounts as a keeper sees them."""

from typing import Final

from hub.console.accounts import people_pages
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="accounts",
    routers=(people_pages.router,),
    acts=people_pages.acts,
    details=people_pages.details,
)
