"""Areas, cameras and people from pages and tables."""

from typing import Final

from hub.places.areas import pages
from hub.places.areas.service import AreaService
from hub.web.feature import Feature
from hub.web.guard import Body

MAX_TABLE_BYTES: Final = 4 * 1024 * 1024
"""Largest table in a form."""

FEATURE: Final = Feature(
    name="areas",
    templates=("hub.places.areas",),
    routers=(pages.router,),
    services=(AreaService,),
    bodies=(Body(r"/areas/import(/do)?", MAX_TABLE_BYTES),),
    may={"change_areas": lambda visit: visit.asker.role == "keeper"},
)
