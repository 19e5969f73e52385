"""Live view of a camera."""

from typing import Final

from hub.footage.live import pages, upload
from hub.footage.live.service import LiveService
from hub.web.feature import Feature
from hub.web.rate_limits import WATCHING, Rate

FEATURE: Final = Feature(
    name="live",
    templates=("hub.footage.live",),
    routers=(upload.router, pages.router),
    services=(LiveService,),
    acts=pages.acts,
    rates=(Rate(r"GET|HEAD", r"/cameras/[^/]*/live/picture", WATCHING),),
)
