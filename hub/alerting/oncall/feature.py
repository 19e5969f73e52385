"""Feature: on-call teams, rosters and plans."""

from datetime import date
from typing import Final

from hub.access.rules.grants import Right
from hub.alerting.oncall import pages
from hub.alerting.oncall.tables import (
    odd_day_people,
    odd_days,
    plan_steps,
    plans,
    shift_people,
    shifts,
    stand_ins,
    team_people,
    teams,
)
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="on-call",
    templates=("hub.alerting.oncall",),
    routers=(pages.router,),
    acts=pages.acts,
    details=pages.details,
    detail_values={"day": lambda value, _: f"{date.fromisoformat(value):%d/%m/%Y}"},
    tables=(
        teams,
        team_people,
        shifts,
        shift_people,
        odd_days,
        odd_day_people,
        stand_ins,
        plans,
        plan_steps,
    ),
    links=(
        NavLink(
            address="/duty",
            label=lambda words: words.say("Roster and calling order"),
            icon="taken",
            part=Part.ALERTS,
            may=lambda standing: standing.has_on_area(Right.MANAGE),
        ),
    ),
)
