"""The map of cameras."""

from typing import Final

from hub.web import maps
from hub.web.feature import Feature

FEATURE: Final = Feature(name="map", routers=(maps.router,))
