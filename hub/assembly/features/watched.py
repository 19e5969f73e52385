"""The public page: which cameras there are, and why."""

from typing import Final

from hub.web import public
from hub.web.feature import Feature
from hub.web.limits import LOOKING_IN, Rate

FEATURE: Final = Feature(
    name="watched",
    routers=(public.router,),
    rates=(Rate(r"GET|HEAD", r"/watched", LOOKING_IN),),
)
