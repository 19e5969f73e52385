"""Helpers of the tests of reports, used by more than one module."""

from uuid import UUID

from sqlalchemy import update

from hub.access.rules.grants import Right
from hub.alerting.alerts.rules.lifecycle import CLOSES_AFTER_S
from hub.alerting.response.service import ResponseService
from hub.registry.tables import cameras
from tests.hub.helpers.alerting.on_the_way import asker
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor


def add_leader(town: Town, *, area_id: UUID | None = None) -> None:
    town.add_person("lan", "Lãnh đạo Lan", "leader", Right.SEE, area_id=area_id)


def leader(town: Town, *, area_id: UUID | None = None) -> Visitor:
    add_leader(town, area_id=area_id)
    return Visitor(town.app()).sign_in("lan", PASSWORD)


def an_alert(town: Town, label: str = "=Cổng", *, cause: str | None = "animal") -> None:
    seen = town.somebody()
    town.gone(seen)
    an = asker(town, "an")
    responses = town.services.use(ResponseService)
    responses.act(an, seen.alert_id, act="take")
    responses.arrive(an, seen.alert_id)
    town.held_since(seen.alert_id, CLOSES_AFTER_S)
    responses.act(an, seen.alert_id, act="false_alarm", cause=cause)
    with town.db.writing() as conn:
        conn.execute(update(cameras).values(label=label))
