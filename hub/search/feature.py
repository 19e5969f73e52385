"""Search: footage by camera and time, what was seen, several cameras at one moment."""

from typing import Final

from hub.access.rules.grants import Right
from hub.search import asked_wording, find_pages, moment_pages, pages
from hub.search.service import SearchService
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part
from hub.web.rate_limits import Rate, RateRule

SEARCHING: Final = RateRule("searching", 60, 60.0, "session")
TYPING: Final = RateRule("typing a place", 180, 60.0, "session")

FEATURE: Final = Feature(
    name="search",
    templates=("hub.search",),
    routers=(pages.router, find_pages.router, moment_pages.router),
    services=(SearchService,),
    acts=pages.acts,
    details=pages.details,
    detail_values=asked_wording.DETAIL_VALUES,
    rates=(
        Rate(r"GET|HEAD", r"/find/names", TYPING),
        Rate(r"GET|POST", r"/(footage|find|moment)(/.*)?", SEARCHING),
    ),
    may={
        "search": lambda visit: visit.use(SearchService).searches(visit.asker),
        "find": lambda visit: visit.use(SearchService).searches_sightings(visit.asker),
    },
    links=(
        NavLink(
            address="/find",
            label=lambda words: words.say("Find"),
            icon="search",
            part=Part.FOOTAGE,
            may=lambda standing: standing.has(Right.SEARCH),
            rail=3,
            is_in_bar=True,
            covers=("/moment",),
        ),
        NavLink(
            address="/footage",
            label=lambda words: words.say("Footage by camera and time"),
            icon="clock",
            part=Part.FOOTAGE,
            may=lambda standing: standing.has(Right.SEARCH | Right.CLIPS),
        ),
    ),
)
