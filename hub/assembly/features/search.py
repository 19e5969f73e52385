"""Search: footage by camera and time, what was seen, several cameras at one moment."""

from typing import Final

from hub.store.search_door import SearchService
from hub.web import find, moments, search
from hub.web.feature import Feature
from hub.web.limits import Rate, Rule

SEARCHING: Final = Rule("searching", 60, 60.0, "session")

FEATURE: Final = Feature(
    name="search",
    routers=(search.router, find.router, moments.router),
    acts=search.acts,
    rates=(Rate(r"GET|POST", r"/(footage|find|moment)(/.*)?", SEARCHING),),
    may={
        "search": lambda visit: visit.use(SearchService).searches(visit.asker),
        "find": lambda visit: visit.use(SearchService).searches_sightings(visit.asker),
    },
)
