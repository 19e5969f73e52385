"""Feature: silences, which stop alerts for a while."""

from typing import Final

from hub.access.rules.grants import Right
from hub.alerting.silences import pages
from hub.alerting.silences.service import SilenceService
from hub.alerting.silences.tables import silences as silences_table
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="silences",
    templates=("hub.alerting.silences",),
    routers=(pages.router,),
    services=(SilenceService,),
    tables=(silences_table,),
    acts=pages.acts,
    details=pages.details,
    links=(
        NavLink(
            address="/silences",
            label=lambda words: words.say("Silences"),
            icon="muted",
            part=Part.ALERTS,
            may=lambda standing: standing.has(Right.SEE) or standing.has(Right.MANAGE),
        ),
    ),
    shortcuts=(
        NavLink(
            address="/silences",
            label=lambda words: words.say("Silence a camera"),
            icon="muted",
            part=Part.ALERTS,
            may=lambda standing: standing.has(Right.MANAGE),
        ),
    ),
)
