"""Alerts of a person whose account is closed: the next person is called, on a virtual clock."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.access.rules.grants import Right
from hub.alerting.alerts.tables import alert_history, alerts, trouble_cameras
from hub.alerting.notifications import recipients
from hub.console.accounts import closing
from tests.hub.rigs.notify_night import KEEPER, Night, all_of, between, on_duty
from tests.hub.rigs.notify_town import Town


@pytest.fixture
def night(town: Town) -> Night:
    return Night(town)


def usual(night: Night) -> None:
    """First An, then Bình, then the duty desk; Nghị is at home."""
    first, second, desk = (night.officer(login) for login in ("an", "binh", "truc"))
    night.officer("nghi")
    team = night.team("Đội 1", [first, second])
    night.shift(team, "18:00", "06:00", (first, second))
    night.plan(on_duty(team, 1), on_duty(team, 2), all_of(night.team("Trực ban", [desk])))


def close(night: Night, login: str) -> None:
    person_id, now = night.officers[login].person_id, night.town.clock.now()
    with night.town.db.writing() as conn:
        closing.close(conn, person_id, reason="nghỉ việc", by=KEEPER, now=now)
    night.deliver()


def life(night: Night, alert_id: UUID) -> tuple[str, UUID | None, UUID | None]:
    with night.town.db.reading() as conn:
        row = conn.execute(select(alerts).where(alerts.c.id == alert_id)).one()
    return row.state, row.taken_by, row.offered_to


def acts(night: Night, alert_id: UUID) -> list[str]:
    query = select(alert_history.c.act).where(alert_history.c.alert_id == alert_id)
    with night.town.db.reading() as conn:
        return list(conn.scalars(query.order_by(alert_history.c.id)))


def test_a_step_that_waits_for_them_moves_on_at_once(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.pass_until(20)
    close(night, "an")
    night.phone("binh").gets(alert, between(20, 20))
    night.pass_until(200)
    night.phone("truc").gets(alert, between(80, 82))
    assert [one.login for one in night.got] == ["an", "binh", "truc"]


def test_a_step_that_others_can_still_answer_goes_on_waiting(night: Night) -> None:
    first, second, desk = (night.officer(login) for login in ("an", "binh", "truc"))
    both, after = night.team("Đội 1", [first, second]), night.team("Trực ban", [desk])
    night.plan(all_of(both), all_of(after))
    alert = night.raised()
    night.pass_until(20)
    close(night, "an")
    night.phone("truc").gets_nothing()
    night.pass_until(100)
    night.phone("truc").gets(alert, between(60, 62))


def test_who_was_called_before_is_not_waited_for_any_more(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.pass_until(70)  # Bình is called since a minute has passed
    close(night, "an")
    night.phone("truc").gets_nothing()
    night.pass_until(200)
    night.phone("truc").gets(alert, between(120, 124))


def test_what_they_hold_is_nobodys_and_calls_the_next(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.take(alert, "an")
    night.pass_until(40)
    close(night, "an")
    assert life(night, alert) == ("open", None, None)
    night.phone("binh").gets(alert, between(40, 40))
    night.pass_until(200)
    night.phone("truc").gets(alert, between(100, 102))
    assert acts(night, alert)[-3:] == ["returned", "called", "called"]


def test_without_a_plan_what_they_hold_calls_everybody_again(night: Night) -> None:
    for login in ("an", "binh"):
        night.officer(login)
    alert = night.raised()
    night.take(alert, "an")
    close(night, "an")
    night.phone("binh").gets(alert, between(0, 0))
    night.phone("binh").gets(alert, between(0, 0), "again")
    assert [one.login for one in night.got if one.moment == "again"] == ["binh"]


def test_the_next_is_called_although_word_that_somebody_has_it_still_waits(night: Night) -> None:
    for login in ("an", "binh"):
        night.officer(login)
    alert = night.raised()
    night.town.take(alert, night.officers["an"])  # and the push service is down
    close(night, "an")
    night.phone("binh").gets(alert, between(0, 0), "again")
    assert "taken" not in {one.moment for one in night.got}


def test_an_alert_that_woke_nobody_wakes_nobody_when_it_comes_back(night: Night) -> None:
    for login in ("an", "binh"):
        night.officer(login)
    alert = night.town.alert()
    with night.town.db.writing() as conn:
        this = alerts.c.id == alert
        conn.execute(update(alerts).where(this).values(quiet_reason="đám cưới"))
    night.town.take(alert, night.officers["an"])
    close(night, "an")
    assert life(night, alert) == ("open", None, None)
    assert night.got == []


def test_what_was_offered_to_them_stays_with_who_has_it(night: Night) -> None:
    for login in ("an", "binh"):
        night.officer(login)
    alert = night.raised()
    night.take(alert, "binh")
    an, now = night.officers["an"].person_id, night.town.clock.now()
    with night.town.db.writing() as conn:
        this = alerts.c.id == alert
        conn.execute(update(alerts).where(this).values(offered_to=an))
        recipients.enqueue_hand_over(conn, alert, an, revision=9, now=now)
    close(night, "an")
    assert life(night, alert) == ("taken", night.officers["binh"].person_id, None)
    assert "handed" not in {one.moment for one in night.got}


def test_when_only_they_were_told_and_no_call_is_left_everybody_is_told(night: Night) -> None:
    only = night.officer("an")
    night.plan(all_of(night.team("Đội 1", [only])))
    night.officer("binh")
    alert = night.raised()
    assert night.next_due_s() is None
    close(night, "an")
    night.phone("binh").gets(alert, between(0, 0))


def test_a_clock_that_was_set_back_before_the_closing_holds_no_call_up(night: Night) -> None:
    usual(night)
    night.town.clock.go_on(3600)
    alert = night.raised()
    night.town.clock._now = night.town.clock._now.plus_s(-3600)
    close(night, "an")
    night.phone("binh").gets(alert, between(0, 1))


def test_a_trouble_that_they_hold_rings_the_other_keepers(night: Night) -> None:
    """As `hub.alerting.monitoring.rows` raises it, of one camera."""
    for login in ("an", "binh"):
        night.officer(login, rights=Right.MANAGE)
    night.officer("canh-sat")
    alert = night.town.alert(kind="camera_lost")
    with night.town.db.writing() as conn:
        here = {"alert_id": alert, "camera_id": night.town.camera_id, "is_dark": True}
        conn.execute(trouble_cameras.insert().values(**here))
    night.town.owe(alert)
    night.deliver()
    night.take(alert, "an")
    close(night, "an")
    night.phone("binh").gets(alert, between(0, 0), "again")
    night.phone("canh-sat").gets_nothing()
