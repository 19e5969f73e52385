"""Feature: live view of a camera."""

from typing import Final

from hub.access.rules.grants import Right
from hub.footage.live import list_pages, pages, upload
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part
from hub.web.rate_limits import WATCHING, Rate

FEATURE: Final = Feature(
    name="live",
    templates=("hub.footage.live",),
    routers=(upload.router, list_pages.router, pages.router),
    acts=pages.acts,
    details=pages.details,
    rates=(Rate(r"GET|HEAD", r"/cameras/[^/]*/live/picture", WATCHING),),
    links=(
        NavLink(
            address="/live",
            label=lambda words: words.say("Watch live"),
            icon="live",
            part=Part.FOOTAGE,
            may=lambda standing: standing.has(Right.LIVE),
            rail=4,
        ),
    ),
)
