"""Tampering with a camera's view: who is told, what the page shows, repeats and late messages."""

from typing import Any
from uuid import uuid4

import pytest

from agent.wire.messages import Event, TamperBegan, TamperEnded, Tampering
from hub.alerting.alerts.tables import alert_history, alerts
from hub.alerting.response.service import ResponseService
from hub.notify.tables import notifications
from tests.hub.rigs.streets import Streets

pytestmark = pytest.mark.promise(
    "Tampering: Tampering is one alert, also over a restart, and its end is reported."
)


def began(streets: Streets, what: Tampering = Tampering.COVERED, **changed: Any) -> Event:
    since_us = streets.clock.now().utc_us - 16_000_000
    body = TamperBegan(camera="cam-1", tamper_id=uuid4(), what=what, since_utc_us=since_us)
    return streets.node.says(body.model_copy(update=changed))


def ended(streets: Streets, of: Event, *, is_back: bool = True) -> Event:
    assert isinstance(of.body, TamperBegan)
    body = TamperEnded(
        camera="cam-1",
        tamper_id=of.body.tamper_id,
        what=of.body.what,
        lasted_ms=60_000,
        is_back=is_back,
    )
    return streets.node.says(body)


def acts(streets: Streets) -> list[str]:
    return [row.act for row in streets.rows(alert_history)]


def owed(streets: Streets) -> list[str]:
    return sorted(row.moment for row in streets.rows(notifications))


@pytest.mark.parametrize("what", list(Tampering))
def test_whoever_is_granted_is_told_and_sees_since_when(streets: Streets, what: Tampering) -> None:
    streets.officer("an")
    streets.officer("xa", area=streets.bridge)
    [filed] = streets.file(began(streets, what))
    assert filed.fate == "alerted"
    [alert] = streets.rows(alerts)
    assert alert.kind == f"tamper_{what.value}"
    assert alert.began_utc_us == streets.clock.now().utc_us - 16_000_000
    assert owed(streets) == ["opened"]


def test_a_repeat_changes_nothing(streets: Streets) -> None:
    event = began(streets)
    streets.file(event, event)
    assert len(streets.rows(alerts)) == 1
    assert acts(streets) == ["raised"]


def test_its_end_is_said_on_its_alert_and_to_those_who_were_told(streets: Streets) -> None:
    streets.officer("an")
    event = began(streets)
    streets.file(event)
    streets.clock.pass_s(60)
    [filed] = streets.file(ended(streets, event))
    [alert] = streets.rows(alerts)
    assert filed.alert_id == alert.id
    assert alert.over_utc_us == streets.clock.now().utc_us
    assert acts(streets) == ["raised", "over"]
    assert owed(streets) == ["grown", "opened"]


def test_the_end_of_what_somebody_closed_wakes_nobody(streets: Streets) -> None:
    officer = streets.officer("an")
    event = began(streets)
    [filed] = streets.file(event)
    assert filed.alert_id is not None
    streets.services.use(ResponseService).act(officer, filed.alert_id, act="resolve")
    [filed] = streets.file(ended(streets, event))
    assert filed.fate == "noted"
    assert "grown" not in owed(streets)


def test_what_comes_and_goes_is_one_alert_and_wakes_once(streets: Streets) -> None:
    streets.officer("an")
    for _ in range(3):
        event = began(streets)
        streets.file(event)
        streets.clock.pass_s(60)
        streets.file(ended(streets, event))
        streets.clock.pass_s(60)
    assert len(streets.rows(alerts)) == 1
    assert acts(streets) == ["raised", "over", "again", "over", "again", "over"]
    assert owed(streets) == ["grown", "opened"]


def test_the_next_day_it_is_another_alert(streets: Streets) -> None:
    event = began(streets)
    streets.file(event, ended(streets, event))
    streets.clock.pass_s(24 * 3600)
    streets.file(began(streets))
    assert len(streets.rows(alerts)) == 2


def test_a_node_that_lost_its_memory_does_not_double_what_people_know(streets: Streets) -> None:
    streets.file(began(streets))
    [filed] = streets.file(began(streets))
    assert filed.fate == "grouped"
    assert len(streets.rows(alerts)) == 1


def test_what_was_over_before_it_arrived_wakes_nobody(streets: Streets) -> None:
    event = began(streets)
    streets.file(ended(streets, event))
    [filed] = streets.file(event)
    assert filed.fate == "late"
    assert streets.rows(alerts) == []


def test_what_is_not_over_is_told_however_late_the_news(streets: Streets) -> None:
    streets.node.age_ms = 7_200_000
    [filed] = streets.file(began(streets))
    assert filed.fate == "alerted"
