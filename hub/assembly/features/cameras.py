"""One camera's page."""

from typing import Final

from hub.web import cameras
from hub.web.feature import Feature

FEATURE: Final = Feature(name="cameras", routers=(cameras.router,))
