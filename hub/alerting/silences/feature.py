"""Silences: what does not alert for a while."""

from typing import Final

from hub.alerting.silences import pages
from hub.alerting.silences.service import SilenceService
from hub.alerting.silences.tables import silences as silences_table
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="silences",
    templates=("hub.alerting.silences",),
    routers=(pages.router,),
    services=(SilenceService,),
    tables=(silences_table,),
    acts=pages.acts,
)
