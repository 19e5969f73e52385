"""Metrics for Prometheus."""

from typing import Final

from hub.web import metrics
from hub.web.feature import Feature
from hub.web.limits import LOOKING_IN, Rate

FEATURE: Final = Feature(
    name="metrics",
    routers=(metrics.router,),
    rates=(Rate(r"GET|HEAD", r"/metrics", LOOKING_IN),),
)
