"""Reports of the day, the week and the month."""

from typing import Final

from hub.access.rules.grants import Right
from hub.oversight.reports import pages
from hub.oversight.reports.service import READERS, ReportService
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="reports",
    templates=("hub.oversight.reports",),
    routers=(pages.router,),
    acts=pages.acts,
    details=pages.details,
    services=(ReportService,),
    links=(
        NavLink(
            address="/reports/day",
            label=lambda words: words.say("Reports"),
            icon="chart",
            part=Part.OVERSIGHT,
            may=lambda standing: standing.role in READERS or standing.has(Right.MANAGE),
            rail=6,
            covers=("/reports",),
        ),
    ),
    shortcuts=(
        NavLink(
            address="/reports/week",
            label=lambda words: words.say("Report of the week"),
            icon="chart",
            part=Part.OVERSIGHT,
            may=lambda standing: standing.role in READERS or standing.has(Right.MANAGE),
        ),
        NavLink(
            address="/reports/month",
            label=lambda words: words.say("Report of the month"),
            icon="chart",
            part=Part.OVERSIGHT,
            may=lambda standing: standing.role in READERS or standing.has(Right.MANAGE),
        ),
    ),
)
