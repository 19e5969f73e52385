"""Feature: the public page that says which cameras there are, and why."""

from typing import Final

from hub.public.watched import pages
from hub.web.feature import Feature
from hub.web.rate_limits import LOOKING_IN, Rate

FEATURE: Final = Feature(
    name="watched",
    templates=("hub.public.watched",),
    routers=(pages.router,),
    rates=(Rate(r"GET|HEAD", r"/watched", LOOKING_IN),),
)
