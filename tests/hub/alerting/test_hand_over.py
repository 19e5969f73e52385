"""An alert is handed from one officer to another, and is never without a holder."""

from uuid import UUID

import pytest
from sqlalchemy import insert, select, update

from hub.access.rules.grants import Right
from hub.access.tables import grants
from hub.alerting.alerts.rules.lifecycle import (
    CLOSES_AFTER_S,
    Act,
    AlertChanged,
    AlertLife,
    AlertState,
    AlertUnchanged,
    HeldBy,
    apply,
    hand_over,
)
from hub.alerting.alerts.tables import alerts, trouble_cameras
from hub.alerting.alerts.views import AlertRow, Conflict
from hub.alerting.notifications import leasing, outcomes
from hub.alerting.notifications.pending import PendingNotification
from hub.alerting.response.service import ResponseService
from hub.base.audit.asker import Asker
from hub.base.db.columns import columns, new_id
from hub.console.service import InboxService
from hub.notify.rules.delivery_result import Delivered
from hub.notify.tables import notifications
from hub.registry.tables import cameras
from tests.hub.rigs.streets import Streets

pytestmark = pytest.mark.promise("Rules and duty: An alert can be handed over.")

AN, BINH, CHI = (UUID(int=number) for number in range(1, 4))
OFFERED = AlertLife(AlertState.TAKEN, taken_by=AN, offered_to=BINH)


def test_who_has_it_keeps_it_until_the_other_takes_it() -> None:
    taken = AlertLife(AlertState.TAKEN, taken_by=AN)
    assert hand_over(taken, AN, BINH) == AlertChanged(OFFERED)
    assert apply(OFFERED, "take", BINH) == AlertChanged(AlertLife(AlertState.TAKEN, taken_by=BINH))
    assert apply(OFFERED, "take", CHI) == HeldBy(AN)
    assert apply(OFFERED, "take", AN) == AlertUnchanged()
    assert apply(OFFERED, "resolve", BINH) == HeldBy(AN)
    closed = apply(OFFERED, "resolve", AN)
    assert closed == AlertChanged(AlertLife(AlertState.RESOLVED, taken_by=AN, closed_by=AN))


def test_only_who_has_it_can_hand_it_over() -> None:
    assert hand_over(AlertLife(AlertState.OPEN), AN, BINH) == HeldBy(None)
    assert hand_over(OFFERED, BINH, CHI) == HeldBy(AN)
    assert hand_over(AlertLife(AlertState.RESOLVED, closed_by=CHI), AN, BINH) == HeldBy(CHI)
    assert hand_over(OFFERED, AN, BINH) == AlertUnchanged()
    assert hand_over(OFFERED, AN, AN) == AlertUnchanged()


def alert(streets: Streets, an: Asker) -> UUID:
    (filed,) = streets.file(streets.node.opened())
    assert filed.alert_id is not None
    deliver(streets)
    streets.services.use(ResponseService).act(an, filed.alert_id, act="take")
    deliver(streets)
    return filed.alert_id


def deliver(streets: Streets) -> list[PendingNotification]:
    now = streets.clock.now()
    sent: list[PendingNotification] = []
    with streets.db.writing() as conn:
        while claimed := leasing.claim(conn, worker="w", now=now, lease_s=30, limit=50):
            for owed in claimed:
                outcomes.record(conn, owed, Delivered(201), started=now, now=now)
            sent += claimed
    return sent


def test_the_colleague_is_told_takes_it_and_the_one_before_hears_so(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    streets.officer("chi")
    alert_id = alert(streets, an)
    responses = streets.services.use(ResponseService)
    row = responses.hand_over(an, alert_id, person_id=binh.person_id)
    assert isinstance(row, AlertRow)
    assert (row.taken_by_name, row.offered_to_name) == ("Anh an", "Anh binh")
    assert [(one.moment, one.phone.address) for one in deliver(streets)] == [
        ("handed", "https://push.example/binh")
    ]
    taken = responses.act(binh, alert_id, act="take")
    assert isinstance(taken, AlertRow)
    assert (taken.taken_by_name, taken.offered_to) == ("Anh binh", None)
    assert [(one.moment, one.phone.address) for one in deliver(streets)] == [
        ("taken", "https://push.example/an")
    ]
    page = streets.services.use(InboxService).alert(binh, alert_id)
    assert page is not None
    assert [one.act for one in page.history][-2:] == ["offered", "taken"]


def test_it_can_be_handed_to_a_third_and_the_second_hears_no_more(streets: Streets) -> None:
    an, binh, chi = (streets.officer(login) for login in ("an", "binh", "chi"))
    alert_id = alert(streets, an)
    responses = streets.services.use(ResponseService)
    responses.hand_over(an, alert_id, person_id=binh.person_id)
    responses.hand_over(an, alert_id, person_id=chi.person_id)
    assert [one.phone.address for one in deliver(streets)] == ["https://push.example/chi"]
    responses.hand_over(an, alert_id, person_id=binh.person_id)
    assert [one.phone.address for one in deliver(streets)] == ["https://push.example/binh"]
    assert isinstance(responses.act(chi, alert_id, act="take"), Conflict)


def test_once_it_is_closed_nobody_is_told_that_it_is_handed_over(streets: Streets) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    alert_id = alert(streets, an)
    responses = streets.services.use(ResponseService)
    responses.hand_over(an, alert_id, person_id=binh.person_id)
    streets.clock.pass_s(CLOSES_AFTER_S)
    responses.act(an, alert_id, act="resolve")
    assert [one.moment for one in deliver(streets)] == []
    with streets.db.reading() as conn:
        handed = select(notifications.c.state).where(notifications.c.moment.like("handed:%"))
        assert list(conn.scalars(handed)) == ["dropped"]


def test_it_goes_only_to_who_may_be_alerted_there(streets: Streets) -> None:
    an = streets.officer("an")
    board = streets.officer("hoi", rights=Right.SEE)
    elsewhere = streets.officer("xa", area=streets.bridge)
    alert_id = alert(streets, an)
    responses = streets.services.use(ResponseService)
    for other in (board, elsewhere):
        assert responses.hand_over(an, alert_id, person_id=other.person_id) is None
    assert responses.hand_over(elsewhere, alert_id, person_id=an.person_id) is None
    page = streets.services.use(InboxService).alert(an, alert_id)
    assert page is not None and page.colleagues == ()
    assert streets.acts().count("alert.hand_over.refused") == 3


def test_it_is_offered_to_those_alone_who_can_act_on_it(streets: Streets) -> None:
    an, chi = streets.officer("an"), streets.officer("chi")
    told = streets.officer("hoi", rights=Right.ALERTED)
    now_us = streets.clock.now().utc_us
    late = streets.officer("dung", history_from_utc_us=now_us + 1)
    alert_id = alert(streets, an)
    page = streets.services.use(InboxService).alert(an, alert_id)
    assert page is not None
    assert page.colleagues == ((chi.person_id, "Anh chi"),)
    responses = streets.services.use(ResponseService)
    for other in (told, late):
        assert responses.hand_over(an, alert_id, person_id=other.person_id) is None


def test_a_trouble_is_offered_to_those_who_look_after_it(streets: Streets) -> None:
    rights = Right.MANAGE
    kim, lan = streets.officer("kim", rights=rights), streets.officer("lan", rights=rights)
    streets.officer("an")
    alert_id = a_trouble(streets)
    responses = streets.services.use(ResponseService)
    responses.act(kim, alert_id, act="take")
    page = streets.services.use(InboxService).alert(kim, alert_id)
    assert page is not None
    assert page.colleagues == ((lan.person_id, "Anh lan"),)


def a_trouble(streets: Streets) -> UUID:
    """The line to the junction is cut."""
    now = streets.clock.now()
    with streets.db.writing() as conn:
        camera_id = conn.scalars(select(cameras.c.id).order_by(cameras.c.id)).first()
        alert_id = new_id(now)
        times = ("began", "confirmed", "last_seen", "raised")
        values: dict[str, object] = {}
        values |= {key: one for name in times for key, one in columns(name, now).items()}
        values |= {"id": alert_id, "camera_id": camera_id, "kind": "link_lost", "state": "open"}
        values |= {"people": 1, "clock_source": "ntp", "revision": 1}
        conn.execute(insert(alerts).values(values))
        member = {"alert_id": alert_id, "camera_id": camera_id, "is_dark": True}
        conn.execute(insert(trouble_cameras).values(member))
    return alert_id


def test_who_does_not_have_it_learns_who_has(streets: Streets) -> None:
    an, binh, chi = (streets.officer(login) for login in ("an", "binh", "chi"))
    alert_id = alert(streets, an)
    answer = streets.services.use(ResponseService).hand_over(
        binh, alert_id, person_id=chi.person_id
    )
    assert isinstance(answer, Conflict)
    assert answer.held_by_name == "Anh an"


@pytest.mark.parametrize("act", ["take", "resolve", "false_alarm"])
def test_what_its_holder_may_not_see_any_more_others_can_take_and_close(
    streets: Streets, act: Act
) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    streets.officer("chi")
    alert_id = alert(streets, an)
    responses, inbox = streets.services.use(ResponseService), streets.services.use(InboxService)
    page = inbox.alert(binh, alert_id)
    assert page is not None and page.allowed == ()
    streets.clock.pass_s(60)
    with streets.db.writing() as conn:
        ended = columns("ends", streets.clock.now())
        conn.execute(update(grants).where(grants.c.person_id == an.person_id).values(ended))
    assert responses.act(an, alert_id, act="resolve") is None
    page = inbox.alert(binh, alert_id)
    assert page is not None and page.allowed == ("take", "resolve", "false_alarm")
    row = responses.act(binh, alert_id, act=act)
    assert isinstance(row, AlertRow)
    assert binh.person_id in (row.taken_by, row.closed_by) and an.person_id != row.taken_by
    assert [(one.moment, one.phone.address) for one in deliver(streets)] == [
        ("taken", "https://push.example/chi")
    ]
