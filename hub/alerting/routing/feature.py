"""Feature: alert rules, which say who must be told."""

from typing import Final

from hub.access.rules.grants import Right
from hub.alerting.routing import pages, wording
from hub.alerting.routing.service import AlertRuleService
from hub.alerting.routing.tables import alert_rules as rules_table
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part

FEATURE: Final = Feature(
    name="alert rules",
    templates=("hub.alerting.routing",),
    routers=(pages.router,),
    acts=pages.acts,
    details=pages.details,
    detail_values={
        "kind": lambda value, calendar: wording.kind_name(
            None if value == "all" else value, calendar.words
        )
    },
    services=(AlertRuleService,),
    tables=(rules_table,),
    links=(
        NavLink(
            address="/rules",
            label=lambda words: words.say("Alert rules"),
            icon="rule",
            part=Part.ALERTS,
            may=lambda standing: standing.has(Right.MANAGE),
            rail=9,
        ),
    ),
)
