"""Live view of a camera."""

from typing import Final

from hub.web import live_in, live_view
from hub.web.feature import Feature
from hub.web.limits import WATCHING, Rate

FEATURE: Final = Feature(
    name="live",
    routers=(live_in.router, live_view.router),
    acts=live_view.acts,
    rates=(Rate(r"GET|HEAD", r"/cameras/[^/]*/live/picture", WATCHING),),
)
