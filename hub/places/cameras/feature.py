"""Feature: the page of one camera."""

from typing import Final

from hub.places.cameras import pages
from hub.places.cameras.service import CameraService
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="cameras",
    templates=("hub.places.cameras",),
    routers=(pages.router,),
    acts=pages.acts,
    services=(CameraService,),
)
