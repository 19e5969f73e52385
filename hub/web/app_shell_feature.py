"""The installed app: manifest, service worker, offline page, health of the server."""

from typing import Final

from hub.web import app_shell
from hub.web.feature import Feature

FEATURE: Final = Feature(name="app shell", routers=(app_shell.router,))
