"""An officer silences an alert's camera for an hour; critical alerts still come."""

from uuid import UUID, uuid4

import pytest

from agent.wire.terms import RuleWords
from hub.access.rules.grants import Right
from hub.alerting.oncall.faults import OnCallError
from hub.alerting.silences.rules import MOST_SNOOZES, NOT_CRITICAL, SNOOZE_S
from hub.alerting.silences.service import SilenceService
from hub.alerting.silences.tables import silences
from tests.hub.helpers.alerting.silences import seen
from tests.hub.rigs.streets import Streets
from tests.hub.rigs.web_town import PASSWORD, Town
from tests.hub.rigs.web_visitor import Visitor, text_of

pytestmark = [
    pytest.mark.promise("Rules and duty: An officer silences an alert's camera for an hour."),
    pytest.mark.promise("Rules and duty: A silence has an end and a reason."),
]

AFTER_HOURS = RuleWords(rule="after_hours", place="san-sau")


def alert_of(streets: Streets, *rules: RuleWords) -> UUID:
    alert_id = seen(streets, *rules)
    assert alert_id is not None
    return alert_id


def test_the_camera_is_quiet_for_an_hour_and_then_by_itself_alerts_again(streets: Streets) -> None:
    an, service = streets.officer("an"), streets.services.use(SilenceService)
    assert service.snooze(an, alert_of(streets), reason="Chúng tôi đang ở đó") is True
    assert streets.acts()[-2:] == ["alert.snooze", "silence.add"]
    assert seen(streets) is None
    (row,) = service.silences(an)
    assert (row.silence.rule, row.silence.reason) == (NOT_CRITICAL, "Chúng tôi đang ở đó")
    assert (row.made_by_name, row.hits) == ("Anh an", 1)
    (filed,) = streets.file(streets.other.opened())
    assert filed.fate == "alerted", "another camera"
    streets.clock.pass_s(SNOOZE_S)
    assert seen(streets) is not None
    assert service.silences(an) == []


def test_a_critical_alert_comes_through_a_snooze(streets: Streets) -> None:
    an, service = streets.officer("an"), streets.services.use(SilenceService)
    service.snooze(an, alert_of(streets), reason="x")
    assert seen(streets, AFTER_HOURS) is not None
    assert seen(streets) is None


def test_who_is_muted_by_a_snooze_and_turns_critical_raises_the_alert_at_once(
    streets: Streets,
) -> None:
    an, service = streets.officer("an"), streets.services.use(SilenceService)
    service.snooze(an, alert_of(streets), reason="x")
    streets.clock.pass_s(120)
    sighting_id = uuid4()
    (opened,) = streets.file(streets.node.opened(sighting_id))
    streets.clock.pass_s(30)
    (critical,) = streets.file(streets.node.updated(sighting_id, rules=(AFTER_HOURS,)))
    assert (opened.fate, critical.fate) == ("muted", "alerted")


def test_only_who_sees_the_alert_and_is_alerted_may(streets: Streets) -> None:
    service, alert_id = streets.services.use(SilenceService), alert_of(streets)
    stranger = streets.officer("xa", area=streets.bridge)
    looker = streets.officer("chi", rights=Right.SEE | Right.CLIPS)
    for who in (stranger, looker):
        assert service.snooze(who, alert_id, reason="x") is None
        assert streets.acts()[-1] == "alert.snooze.refused"
    assert service.snooze(streets.officer("an"), uuid4(), reason="x") is None
    with pytest.raises(OnCallError):
        service.snooze(streets.officer("binh"), alert_id, reason="  ")
    assert streets.rows(silences) == []


def test_it_is_not_set_twice_and_not_all_day_long(streets: Streets) -> None:
    an, service = streets.officer("an"), streets.services.use(SilenceService)
    for _ in range(MOST_SNOOZES):
        alert_id = alert_of(streets)
        assert service.snooze(an, alert_id, reason="x") is True
        assert service.snooze(an, alert_id, reason="x") is False
        assert streets.acts()[-1] == "alert.snooze.again"
        streets.clock.pass_s(SNOOZE_S)
    alert_id = alert_of(streets)
    assert service.snooze(an, alert_id, reason="x") is False
    streets.clock.pass_s(86_400)
    assert service.snooze(an, alert_id, reason="x") is True


def test_an_alerts_page_offers_it_and_the_list_says_so_and_ends_it(town: Town) -> None:
    alert_id = town.somebody().alert_id
    an = Visitor(town.app()).sign_in("an", PASSWORD)
    path = f"/alerts/{alert_id}"
    assert f'action="{path}/snooze"' in an.get(path).text
    assert an.post(f"{path}/snooze", reason=" ").status_code == 422
    assert an.post(f"{path}/snooze", reason="Chợ phiên").status_code == 303
    assert "Camera này tạm ngừng báo đến" in text_of(an.get(path))
    assert an.post(f"{path}/snooze", reason="Chợ phiên").status_code == 409
    inbox = an.get("/")
    assert "trừ cảnh báo khẩn cấp" in text_of(inbox)
    assert "Chợ phiên (Nguyễn Văn An)" in text_of(inbox)
    guest = Visitor(town.app()).sign_in("guest", PASSWORD)
    assert guest.post(f"{path}/snooze", reason="x").status_code == 404
