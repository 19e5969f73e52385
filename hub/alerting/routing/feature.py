"""Rules that say who must know."""

from typing import Final

from hub.alerting.routing import pages
from hub.alerting.routing.service import AlertRuleService
from hub.alerting.routing.tables import alert_rules as rules_table
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="alert rules",
    templates=("hub.alerting.routing",),
    routers=(pages.router,),
    services=(AlertRuleService,),
    tables=(rules_table,),
)
