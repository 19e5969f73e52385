"""The map of cameras."""

from typing import Final

from hub.places.map import pages
from hub.web.feature import Feature

FEATURE: Final = Feature(name="map", templates=("hub.places.map",), routers=(pages.router,))
