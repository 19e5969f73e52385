"""Who is on call: teams, rosters, plans."""

from typing import Final

from hub.store.duty_tables import (
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
from hub.web import duty
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="on-call",
    routers=(duty.router,),
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
