"""Who is on call: teams, rosters, plans."""

from typing import Final

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

FEATURE: Final = Feature(
    name="on-call",
    templates=("hub.alerting.oncall",),
    routers=(pages.router,),
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
)
