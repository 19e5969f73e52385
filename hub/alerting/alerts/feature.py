"""Feature: alerts, sightings and troubles; their pages belong to the console."""

from typing import Final

from hub.alerting.alerts import queries
from hub.alerting.alerts.tables import (
    alert_changes,
    alert_history,
    alerts,
    sightings,
    trouble_cameras,
    troubles,
)
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="alerts",
    templates=("hub.alerting.alerts",),
    numbers={"alerts": queries.UNTAKEN},
    tables=(alerts, sightings, troubles, trouble_cameras, alert_history, alert_changes),
)
