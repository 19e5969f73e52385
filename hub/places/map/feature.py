"""The map of cameras."""

from typing import Final

from hub.access.rules.grants import Right
from hub.places.map import pages
from hub.places.map.tables import map_ground
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="map",
    tables=(map_ground,),
    templates=("hub.places.map",),
    routers=(pages.router,),
    links=(
        NavLink(
            address="/map",
            label=lambda words: words.say("Map"),
            icon="map",
            part=Part.CAMERAS,
            # Whoever is only told of alerts sees no camera there.
            may=lambda standing: standing.has(Right.SEE) or standing.has(Right.MANAGE),
            rail=2,
            is_in_bar=True,
            covers=("/cameras",),
        ),
    ),
)
