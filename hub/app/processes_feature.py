"""What several processes of a hub agree on: no pages, one table."""

from typing import Final

from hub.base.processes.tables import leases
from hub.web.feature import Feature

FEATURE: Final = Feature(name="processes", tables=(leases,))
