"""Feature: people, and what they may see."""

from typing import Final

from hub.access.grants import pages, queries, wording
from hub.access.grants.service import GrantService
from hub.access.rules.grants import Right
from hub.access.rules.roles import may_give
from hub.access.tables import grants as grants_table
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="grants",
    templates=("hub.access.grants",),
    routers=(pages.router,),
    services=(GrantService,),
    tables=(grants_table,),
    acts=wording.acts,
    details=wording.details,
    detail_values={
        "rights": lambda value, calendar: wording.rights_of(value, calendar.words),
        "role": lambda value, calendar: wording.role_name(value, calendar.words),
    },
    links=(
        NavLink(
            address="/grants",
            label=lambda words: words.say("People and grants"),
            icon="people",
            part=Part.PEOPLE,
            may=lambda standing: standing.has(Right.MANAGE),
            rail=8,
        ),
    ),
    numbers={"areas_of_others": queries.TOPS_OF_OTHERS},
    shortcuts=(
        NavLink(
            address="/grants/new",
            label=lambda words: words.say("Grant something"),
            icon="people",
            part=Part.PEOPLE,
            may=lambda standing: may_give(standing.role) and standing.has(Right.MANAGE),
        ),
    ),
)
