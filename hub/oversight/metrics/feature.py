"""Metrics for Prometheus."""

from typing import Final

from hub.oversight.metrics import pages
from hub.web.feature import Feature
from hub.web.rate_limits import LOOKING_IN, Rate

FEATURE: Final = Feature(
    name="metrics",
    routers=(pages.router,),
    rates=(Rate(r"GET|HEAD", r"/metrics", LOOKING_IN),),
)
