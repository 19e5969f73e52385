"""Feature: the log of who looked at what."""

from typing import Final

from hub.access.rules.grants import Right
from hub.access.rules.roles import Role
from hub.base.audit.tables import audit
from hub.oversight.log import pages
from hub.oversight.log.service import LogService
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part, Standing


def _reads_log(standing: Standing) -> bool:
    """Oversight, and keepers of the whole town."""
    is_of_all = standing.role == Role.KEEPER and standing.numbers["areas_of_others"] == 0
    return standing.role == Role.OVERSIGHT or (is_of_all and standing.has_on_area(Right.MANAGE))


FEATURE: Final = Feature(
    name="log",
    templates=("hub.oversight.log",),
    routers=(pages.router,),
    services=(LogService,),
    tables=(audit,),
    acts=pages.acts,
    details=pages.details,
    detail_values={
        "at": lambda value, calendar: calendar.full(int(value)),
        "month": lambda value, _: f"{value[4:]}/{value[:4]}",
    },
    links=(
        NavLink(
            address="/log",
            label=lambda words: words.say("Log"),
            icon="log",
            part=Part.OVERSIGHT,
            may=_reads_log,
            rail=10,
        ),
    ),
    shortcuts=(
        NavLink(
            address="/log/month",
            label=lambda words: words.say("Log by months"),
            icon="log",
            part=Part.OVERSIGHT,
            may=_reads_log,
        ),
    ),
)
