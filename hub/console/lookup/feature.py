"""Feature: search of everything by name."""

from typing import Final

from hub.console.lookup import pages
from hub.console.lookup.service import LookupService
from hub.web.feature import Feature
from hub.web.rate_limits import Rate, RateRule

TYPING: Final = RateRule("typing", 180, 60.0, "session")
"""Somebody who types gets results about three times a second."""

FEATURE: Final = Feature(
    name="lookup",
    templates=("hub.console.lookup",),
    routers=(pages.router,),
    services=(LookupService,),
    acts=pages.acts,
    details=pages.details,
    rates=(Rate(r"GET|HEAD", r"/search(/found)?", TYPING),),
)
