"""Feature: areas, cameras and people from pages and tables."""

from typing import Final

from hub.access.rules.grants import Right
from hub.access.rules.roles import Role
from hub.places.areas import pages
from hub.places.areas.service import AreaService
from hub.web.feature import Feature
from hub.web.guard import Body
from hub.web.navigation import NavLink, Part, Standing

MAX_TABLE_BYTES: Final = 4 * 1024 * 1024
"""Largest table in a form."""


def _changes_areas(standing: Standing) -> bool:
    return standing.role == Role.KEEPER and standing.has_on_area(Right.MANAGE)


FEATURE: Final = Feature(
    name="areas",
    templates=("hub.places.areas",),
    routers=(pages.router,),
    acts=pages.acts,
    details=pages.details,
    detail_values={"table": lambda value, calendar: pages.table_name(value, calendar.words)},
    services=(AreaService,),
    bodies=(Body(r"/areas/import(/do)?", MAX_TABLE_BYTES),),
    links=(
        NavLink(
            address="/areas",
            label=lambda words: words.say("Areas"),
            icon="pin",
            part=Part.CAMERAS,
            may=_changes_areas,
        ),
    ),
    shortcuts=(
        NavLink(
            address="/areas/import",
            label=lambda words: words.say("Import a table of areas, cameras or people"),
            icon="pin",
            part=Part.CAMERAS,
            may=_changes_areas,
        ),
    ),
)
