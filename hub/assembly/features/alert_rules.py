"""Rules that say who must know."""

from typing import Final

from hub.store.alert_rule_tables import alert_rules as rules_table
from hub.web import alert_rules
from hub.web.feature import Feature

FEATURE: Final = Feature(name="alert rules", routers=(alert_rules.router,), tables=(rules_table,))
