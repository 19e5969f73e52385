"""Feature: explanations that people request from cameras."""

from typing import Final

from hub.nodes.explanations import pages
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="explanations",
    templates=("hub.nodes.explanations",),
    routers=(pages.router,),
    acts=pages.acts,
)
