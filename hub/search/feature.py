"""Search: footage by camera and time, what was seen, several cameras at one moment."""

from typing import Final

from hub.search import find_pages, moment_pages, pages
from hub.search.service import SearchService
from hub.web.feature import Feature
from hub.web.rate_limits import Rate, RateRule

SEARCHING: Final = RateRule("searching", 60, 60.0, "session")

FEATURE: Final = Feature(
    name="search",
    templates=("hub.search",),
    routers=(pages.router, find_pages.router, moment_pages.router),
    services=(SearchService,),
    acts=pages.acts,
    rates=(Rate(r"GET|POST", r"/(footage|find|moment)(/.*)?", SEARCHING),),
    may={
        "search": lambda visit: visit.use(SearchService).searches(visit.asker),
        "find": lambda visit: visit.use(SearchService).searches_sightings(visit.asker),
    },
)
