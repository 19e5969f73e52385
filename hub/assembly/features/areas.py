"""Areas, cameras and people from pages and tables."""

from typing import Final

from hub.store.area_door import AreaService
from hub.web import areas
from hub.web.feature import Feature
from hub.web.guard import Body

MAX_TABLE_BYTES: Final = 4 * 1024 * 1024
"""Largest table in a form."""

FEATURE: Final = Feature(
    name="areas",
    routers=(areas.router,),
    services=(AreaService,),
    bodies=(Body(r"/areas/import(/do)?", MAX_TABLE_BYTES),),
    may={"change_areas": lambda visit: visit.asker.role == "keeper"},
)
