"""A slip of the thumb closes no alert for good: refused as too soon, undone, reopened."""

from uuid import UUID

import pytest
from sqlalchemy import select

from hub.alerting.alerts.rules.lifecycle import (
    CLOSES_AFTER_S,
    UNDO_S,
    UNDO_TAKEN_S,
    AlertChanged,
    AlertLife,
    AlertState,
    AlertUnchanged,
    HeldBy,
    TooSoon,
    UndoOver,
    apply,
    reopen,
    undo,
)
from hub.alerting.alerts.tables import alert_history, alerts
from hub.alerting.alerts.views import AlertRow, Conflict
from hub.alerting.response.service import ResponseService
from hub.base.audit.asker import Asker
from hub.console.service import InboxService
from tests.hub.helpers.alerting.undo import deliver, raised
from tests.hub.rigs.streets import Streets

pytestmark = pytest.mark.promise("Alerts: A slip of the thumb closes no alert for good.")

AN, BINH = (UUID(int=number) for number in range(1, 3))
TAKEN = AlertLife(AlertState.TAKEN, taken_by=AN)


@pytest.mark.parametrize("act", ["resolve", "false_alarm"])
def test_the_second_half_of_a_double_tap_closes_nothing(act: str) -> None:
    for held_s in (0.0, 0.6, 1.0, CLOSES_AFTER_S - 0.01):
        assert apply(TAKEN, act, AN, held_s=held_s) == TooSoon()  # type: ignore[arg-type]
    for held_s in (CLOSES_AFTER_S, 60.0, -3600.0, None):  # before 0: the clock was set back
        assert isinstance(apply(TAKEN, act, AN, held_s=held_s), AlertChanged)  # type: ignore[arg-type]
    assert apply(TAKEN, act, BINH, held_s=0.1) == HeldBy(AN)  # type: ignore[arg-type]
    untaken = AlertLife(AlertState.OPEN)
    assert isinstance(apply(untaken, act, AN, held_s=0.0), AlertChanged)  # type: ignore[arg-type]


def test_who_closed_it_can_take_that_back_for_some_seconds() -> None:
    closed = AlertLife(AlertState.RESOLVED, taken_by=AN, closed_by=AN)
    for closed_s in (0.0, UNDO_S, UNDO_TAKEN_S):
        assert undo(closed, AN, closed_s=closed_s) == AlertChanged(TAKEN)
    assert undo(closed, AN, closed_s=UNDO_TAKEN_S + 0.1) == UndoOver()
    assert undo(closed, BINH, closed_s=1) == HeldBy(AN)
    assert undo(TAKEN, AN, closed_s=1) == AlertUnchanged()
    untaken = AlertLife(AlertState.FALSE_ALARM, closed_by=AN)
    assert undo(untaken, AN, closed_s=1) == AlertChanged(AlertLife(AlertState.OPEN))


def test_anybody_can_open_it_again_and_has_it_then() -> None:
    closed = AlertLife(AlertState.RESOLVED, taken_by=AN, closed_by=AN)
    assert reopen(closed, BINH) == AlertChanged(AlertLife(AlertState.TAKEN, taken_by=BINH))
    assert reopen(TAKEN, BINH) == HeldBy(AN)
    assert reopen(TAKEN, AN) == AlertUnchanged()


def history(streets: Streets, asker: Asker, alert_id: UUID) -> list[tuple[str, str]]:
    page = streets.services.use(InboxService).alert(asker, alert_id)
    assert page is not None
    return [(one.act, one.detail) for one in page.history]


def test_a_double_tap_takes_it_and_no_more(streets: Streets) -> None:
    an = streets.officer("an")
    alert_id, responses = raised(streets), streets.services.use(ResponseService)
    responses.act(an, alert_id, act="take")
    streets.clock.pass_s(0.6)
    assert responses.act(an, alert_id, act="resolve") == TooSoon()
    assert streets.acts()[-1] == "alert.resolve.refused"
    streets.clock.pass_s(1)
    row = responses.act(an, alert_id, act="resolve")
    assert isinstance(row, AlertRow) and row.state == "resolved"


def test_what_was_taken_and_closed_by_a_slip_is_its_holders_again(streets: Streets) -> None:
    an = streets.officer("an")
    streets.officer("binh")
    alert_id, responses = raised(streets), streets.services.use(ResponseService)
    responses.act(an, alert_id, act="take")
    deliver(streets)
    streets.clock.pass_s(60)
    responses.act(an, alert_id, act="false_alarm", cause="animal")
    page = streets.services.use(InboxService).alert(an, alert_id)
    assert page is not None
    assert page.undo_s == UNDO_S
    streets.clock.pass_s(9)
    row = responses.undo(an, alert_id)
    assert isinstance(row, AlertRow)
    assert (row.state, row.taken_by, row.closed_by, row.closed_utc_us) == (
        "taken",
        an.person_id,
        None,
        None,
    )
    assert row.false_cause is None
    assert deliver(streets) == [], "nobody was told that it was closed"
    again = responses.undo(an, alert_id)
    assert isinstance(again, AlertRow), "the same act twice is no fault"
    assert ("undone", "") in history(streets, an, alert_id)
    assert streets.acts()[-3:] == ["alert.undo", "alert.undo.again", "alert.open"]


def test_what_was_closed_untaken_rings_again_and_says_once_more_who_has_it(
    streets: Streets,
) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    alert_id, responses = raised(streets), streets.services.use(ResponseService)
    responses.act(an, alert_id, act="false_alarm")
    assert deliver(streets) == [("taken", "binh")]
    streets.clock.pass_s(5)
    row = responses.undo(an, alert_id)
    assert isinstance(row, AlertRow) and (row.state, row.taken_by) == ("open", None)
    assert deliver(streets) == [("again", "an"), ("again", "binh")]
    responses.act(binh, alert_id, act="take")
    assert deliver(streets) == [("taken", "an")]


def test_a_message_that_it_is_handled_is_not_sent_once_it_is_open_again(streets: Streets) -> None:
    an = streets.officer("an")
    streets.officer("binh")
    alert_id, responses = raised(streets), streets.services.use(ResponseService)
    responses.act(an, alert_id, act="resolve")
    responses.undo(an, alert_id)
    assert deliver(streets) == [("again", "an"), ("again", "binh")]


def test_too_late_or_of_somebody_else_changes_nothing(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    stranger = streets.officer("xa", area=streets.bridge)
    alert_id, responses = raised(streets), streets.services.use(ResponseService)
    responses.act(an, alert_id, act="resolve")
    assert isinstance(responses.undo(binh, alert_id), Conflict)
    assert responses.undo(stranger, alert_id) is None
    streets.clock.pass_s(UNDO_TAKEN_S + 1)
    assert responses.undo(an, alert_id) == UndoOver()
    page = streets.services.use(InboxService).alert(an, alert_id)
    assert page is not None and page.row.state == "resolved" and page.undo_s == 0
    assert streets.acts().count("alert.undo.refused") == 2


def test_months_later_it_is_opened_again_with_a_reason(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    stranger = streets.officer("xa", area=streets.bridge)
    alert_id, responses = raised(streets), streets.services.use(ResponseService)
    responses.act(an, alert_id, act="take")
    streets.clock.pass_s(2)
    responses.act(an, alert_id, act="false_alarm", cause="light")
    deliver(streets)
    streets.clock.pass_s(30 * 86_400)
    with pytest.raises(ValueError, match="reason"):
        responses.reopen(binh, alert_id, reason="  ")
    assert responses.reopen(stranger, alert_id, reason="x") is None
    row = responses.reopen(binh, alert_id, reason="có người nhận ra")
    assert isinstance(row, AlertRow)
    assert (row.state, row.taken_by, row.false_cause) == ("taken", binh.person_id, None)
    assert deliver(streets) == [("taken", "an")]
    assert history(streets, binh, alert_id)[-1] == ("reopened", "có người nhận ra")
    assert isinstance(responses.reopen(an, alert_id, reason="x"), Conflict)


def test_a_note_can_be_added_after_its_end_by_who_may_see_it(streets: Streets) -> None:
    an, stranger = streets.officer("an"), streets.officer("xa", area=streets.bridge)
    alert_id, responses = raised(streets), streets.services.use(ResponseService)
    responses.act(an, alert_id, act="resolve")
    before = revision(streets, alert_id)
    assert responses.add_note(an, alert_id, note=" đã gọi chủ nhà ")
    assert not responses.add_note(an, alert_id, note="  ")
    assert not responses.add_note(stranger, alert_id, note="x")
    assert history(streets, an, alert_id)[-1] == ("note", "đã gọi chủ nhà")
    assert revision(streets, alert_id) == before + 1, "open pages show it"
    notes = [row for row in streets.rows(alert_history) if row.act == "note"]
    assert [row.person_id for row in notes] == [an.person_id]


def revision(streets: Streets, alert_id: UUID) -> int:
    with streets.db.reading() as conn:
        found = conn.scalar(select(alerts.c.revision).where(alerts.c.id == alert_id))
    assert found is not None
    return int(found)
