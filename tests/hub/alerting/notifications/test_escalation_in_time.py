"""Who is called when nobody has taken an alert: the real ledger on a virtual clock, on both
databases."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import Connection, delete, select, update
from structlog.testing import capture_logs

from hub.alerting.alerts import queries
from hub.alerting.alerts.tables import alert_history, alerts
from hub.alerting.alerts.views import AlertRow
from hub.alerting.escalation.tables import escalations
from hub.alerting.oncall import plan_rows
from hub.alerting.oncall.tables import plan_steps
from hub.alerting.response import calls
from hub.alerting.response.escalator import Escalator
from hub.alerting.response.next_calls import UpcomingCalls
from hub.alerting.response.service import ResponseService
from hub.base.audit.acting import Acting
from hub.base.audit.asker import Asker
from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import HubClock
from hub.base.db.columns import columns
from hub.base.moment import Moment
from hub.registry.tables import areas
from tests.hub.rigs.notify_night import (
    KEEPER,
    Night,
    all_of,
    between,
    everybody,
    on_duty,
)
from tests.hub.rigs.notify_town import NOON, Town
from tests.waiting import patience_s

pytestmark = pytest.mark.promise(
    "Rules and duty: Escalation goes to the next officer, the desk and the leader."
)


@pytest.fixture
def night(town: Town) -> Night:
    return Night(town)


@dataclass
class Watch:
    """Đội 1 with two on duty, a duty desk, a leader, and somebody who is at home."""

    team: UUID
    desk: UUID
    leaders: UUID


def watch(night: Night) -> Watch:
    first, second = night.officer("an"), night.officer("binh")
    desk, leader = night.officer("truc"), night.officer("sep")
    night.officer("nghi")
    team = night.team("Đội 1", [first, second])
    night.shift(team, "18:00", "06:00", (first, second))
    return Watch(team, night.team("Trực ban", [desk]), night.team("Lãnh đạo", [leader]))


def usual(night: Night, *, repeats: int = 0) -> Watch:
    there = watch(night)
    night.plan(
        on_duty(there.team, 1),
        on_duty(there.team, 2),
        all_of(there.desk),
        all_of(there.leaders),
        repeats=repeats,
    )
    return there


@pytest.mark.promise(
    "Rules and duty: Escalation keeps its times, and ends with an acknowledgement."
)
def test_first_on_duty_at_once_then_the_second_the_desk_and_the_leader(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.pass_until(600)
    night.phone("an").gets(alert, between(0, 2))
    night.phone("binh").gets(alert, between(60, 62))
    night.phone("truc").gets(alert, between(120, 122))
    night.phone("sep").gets(alert, between(180, 182))
    night.phone("nghi").gets_nothing()
    assert len(night.got) == 4


@pytest.mark.promise(
    "Rules and duty: Escalation keeps its times, and ends with an acknowledgement."
)
def test_after_an_acknowledgement_no_one_gets_more(night: Night) -> None:
    usual(night, repeats=3)
    alert = night.raised()
    night.pass_until(61)
    night.take(alert, "binh")
    assert night.next_due_s() is None
    night.no_one_gets_more(after_s=61, until_s=900)
    night.phone("truc").gets_nothing()


def test_an_acknowledgement_in_the_second_before_a_call_prevents_it(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.pass_until(59.999)
    night.take(alert, "an")
    night.no_one_gets_more(after_s=59.999, until_s=600)


def test_without_a_plan_everybody_is_told_at_once_and_nobody_is_called_again(night: Night) -> None:
    watch(night)
    alert = night.raised()
    for login in ("an", "binh", "truc", "sep", "nghi"):
        night.phone(login).gets(alert, between(0, 0))
    night.no_one_gets_more(after_s=0, until_s=900)


def test_a_plan_begins_again_as_often_as_it_says_and_says_that_nobody_has_it(night: Night) -> None:
    there = watch(night)
    night.plan(on_duty(there.team, 1, 30), all_of(there.desk, 60), repeats=2)
    alert = night.raised()
    night.pass_until(1000)
    night.phone("an").gets(alert, between(0, 0))
    night.phone("truc").gets(alert, between(30, 32))
    night.phone("an").gets(alert, between(90, 92), "again")
    night.phone("truc").gets(alert, between(120, 122), "again")
    night.phone("an").gets(alert, between(180, 182), "again")
    night.phone("truc").gets(alert, between(210, 212), "again")
    assert len(night.got) == 6
    assert night.next_due_s() is None


def test_nobodys_time_is_spent_on_a_step_that_reaches_nobody(night: Night) -> None:
    """There is no third on duty, and the second may no longer see this camera."""
    there = watch(night)
    night.plan(
        on_duty(there.team, 1), on_duty(there.team, 3), on_duty(there.team, 2), all_of(there.desk)
    )
    night.town.end_grant(night.officers["binh"])
    alert = night.raised()
    night.pass_until(600)
    night.phone("truc").gets(alert, between(60, 62))
    night.phone("binh").gets_nothing()


def test_a_plan_that_reaches_nobody_tells_everybody_at_once(night: Night) -> None:
    there = watch(night)
    night.plan(on_duty(there.team, 9), all_of(there.leaders))
    night.town.end_grant(night.officers["sep"])
    alert = night.raised()
    for login in ("an", "binh", "truc", "nghi"):
        night.phone(login).gets(alert, between(0, 0))


def test_a_plan_that_reaches_nobody_any_more_tells_everybody(night: Night) -> None:
    there = watch(night)
    night.plan(on_duty(there.team, 1), all_of(there.leaders))
    alert = night.raised()
    night.town.end_grant(night.officers["sep"])
    night.pass_until(600)
    for login in ("binh", "truc", "nghi"):
        night.phone(login).gets(alert, between(60, 62))
    night.phone("an").gets(alert, between(60, 62), "again")


def test_a_plan_that_is_taken_away_leaves_no_alert_behind(night: Night) -> None:
    usual(night)
    alert = night.raised()
    with night.town.db.writing() as conn:
        plan_rows.end_plan(conn, night.town.area_id, by=KEEPER, now=night.town.clock.now())
    night.pass_until(600)
    night.phone("nghi").gets(alert, between(60, 62))


def test_who_is_on_duty_is_asked_when_the_call_is_made(night: Night) -> None:
    """The night begins at 18:06:40; a shift ends ten seconds after the alert."""
    early, late = night.officer("som"), night.officer("muon")
    team = night.team("Đội 1", [early, late])
    night.shift(team, "06:00", "18:07", (early,))
    night.shift(team, "18:07", "06:00", (late,))
    night.plan(on_duty(team, 1), on_duty(team, 1))
    night.pass_until(10)
    alert = night.raised()
    night.phone("som").gets(alert, between(10, 10))
    night.pass_until(100)
    night.phone("muon").gets(alert, between(70, 72))


def test_a_hub_that_was_away_makes_the_next_call_when_it_is_back_and_one_at_a_time(
    night: Night,
) -> None:
    usual(night)
    alert = night.raised()
    night.town.clock.go_on(400)  # nobody looks
    again = Night(night.town, night.officers, night.got)  # a new hub on the same database
    again.pass_until(401)
    again.phone("binh").gets(alert, between(400, 402))
    again.phone("truc").gets_nothing()
    again.pass_until(500)
    again.phone("truc").gets(alert, between(460, 464))


def test_a_clock_that_is_set_back_by_an_hour_holds_no_call_up(night: Night) -> None:
    usual(night)
    night.town.clock.go_on(3600)
    alert = night.raised()
    night.town.clock._now = night.town.clock._now.plus_s(-3600)
    night.pass_until(10)
    night.phone("binh").gets(alert, between(0, 10))


def test_two_hubs_make_a_call_once(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.town.clock.go_on(60)
    other = Night(night.town)
    assert (night.escalator.look(), other.escalator.look()) == (1, 0)
    night.deliver()
    night.phone("binh").gets(alert, between(60, 60))


def test_two_processes_that_look_at_once_make_one_call(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual(night)
    alert = night.raised()
    night.town.clock.go_on(60)
    other, due = Night(night.town), calls.due

    def due_before_the_other_calls(conn: Connection, *, now: Moment) -> list[UUID]:
        found = due(conn, now=now)
        monkeypatch.setattr(calls, "due", due)
        other.escalator.look()
        return found

    monkeypatch.setattr(calls, "due", due_before_the_other_calls)
    night.escalator.look()
    night.deliver()
    night.phone("binh").gets(alert, between(60, 60))
    night.phone("truc").gets_nothing()
    assert night.next_due_s() == 120


def test_an_alert_whose_call_fails_holds_up_no_other(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual(night)
    first = night.raised()
    night.town.clock.go_on(1)
    second = night.raised()
    night.town.clock.go_on(60)
    call_next = calls.call_next

    def call_all_but_the_first(conn: Connection, alert_id: UUID, *, now: Moment) -> int:
        if alert_id == first:
            raise ValueError("a step of a newer version")
        return call_next(conn, alert_id, now=now)

    monkeypatch.setattr(calls, "call_next", call_all_but_the_first)
    with capture_logs() as logs, pytest.raises(ValueError, match="newer version"):
        night.escalator.look()
    night.deliver()
    night.phone("binh").gets(second, between(61, 61))
    failed = [line["alert_id"] for line in logs if line["event"] == "escalator.call_failed"]
    assert failed == [str(first)]
    monkeypatch.setattr(calls, "call_next", call_next)
    night.escalator.look()
    night.deliver()
    night.phone("binh").gets(first, between(61, 61))


def test_a_new_plan_applies_from_the_next_call_on(night: Night) -> None:
    there = watch(night)
    night.plan(on_duty(there.team, 1), on_duty(there.team, 2), everybody())
    alert = night.raised()
    night.pass_until(61)
    night.plan(all_of(there.desk), all_of(there.desk), all_of(there.leaders))
    night.pass_until(600)
    night.phone("sep").gets(alert, between(120, 122))
    night.phone("truc").gets_nothing()


def test_the_plan_of_the_nearest_area_counts(night: Night) -> None:
    there = watch(night)
    with night.town.db.reading() as conn:
        commune = conn.scalar(select(areas.c.id).where(areas.c.parent_id.is_(None)))
    assert commune is not None
    night.plan(all_of(there.leaders), area_id=commune)
    above = night.raised()
    night.phone("sep").gets(above, between(0, 0))
    night.plan(all_of(there.desk))
    here = night.raised()
    night.phone("truc").gets(here, between(0, 0))
    assert len(night.got) == 2


def test_a_rule_met_while_a_plan_is_under_way_rings_those_who_were_called(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.town.owe(alert, "raised")
    night.deliver()
    night.phone("an").gets(alert, between(0, 0), "raised")
    night.phone("nghi").gets_nothing()


def test_a_phone_for_which_a_word_still_waits_hears_no_second(night: Night) -> None:
    there = watch(night)
    night.plan(on_duty(there.team, 1, 10), repeats=5)
    alert = night.town.alert()
    night.town.owe(alert)  # and the push service is down
    for _ in range(5):
        night.town.clock.go_on(10)
        night.escalator.look()
    assert len(night.town.rows()) == 1
    night.deliver()
    night.phone("an").gets(alert, between(50, 50))


def test_what_the_leader_reads_says_that_nobody_has_it(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.town.clock.go_on(60)
    night.escalator.look()
    (owed,) = night.town.claim()
    assert owed.is_called_on
    assert owed.alert_id == alert


def test_each_call_is_a_step_of_the_alerts_life_with_the_names(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.pass_until(61)
    with night.town.db.reading() as conn:
        called = select(alert_history.c.detail).where(
            alert_history.c.alert_id == alert, alert_history.c.act == "called"
        )
        assert list(conn.scalars(called.order_by(alert_history.c.id))) == ["Anh an", "Anh binh"]


def test_the_inbox_says_who_is_next_and_when(night: Night) -> None:
    usual(night, repeats=1)
    alert = night.raised()
    assert next_call(night, alert) == ("Anh binh (Đội 1)", 60)
    night.pass_until(61)
    assert next_call(night, alert) == ("Trực ban", 120)
    night.town.end_grant(night.officers["sep"])
    night.pass_until(121)
    assert next_call(night, alert) == ("Anh an (Đội 1)", 180)


def next_call(night: Night, alert_id: UUID) -> tuple[str, float]:
    with night.town.db.reading() as conn:
        row = queries.one_alert(
            conn, night.officers["an"].person_id, alert_id, night.town.clock.now()
        )
        assert row is not None
        (row,) = UpcomingCalls(conn).with_calls([row])
    assert row.next_call is not None and row.next_call.due_utc_us is not None
    return row.next_call.who, (row.next_call.due_utc_us - NOON.utc_us) / 1e6


def test_a_silent_camera_is_told_to_its_keepers_whatever_the_plan_says(night: Night) -> None:
    """A plan calls officers; a trouble is for those who look after cameras."""
    usual(night)
    alert = night.town.alert(kind="node_silent")
    night.town.owe(alert)
    night.no_one_gets_more(after_s=0, until_s=600)
    with night.town.db.reading() as conn:
        assert conn.execute(select(escalations)).all() == []
    assert alert


def test_an_alert_closed_without_the_ledger_ends_its_calls(night: Night) -> None:
    usual(night)
    alert = night.raised()
    with night.town.db.writing() as conn:
        conn.execute(update(alerts).where(alerts.c.id == alert).values(state="resolved"))
    night.no_one_gets_more(after_s=0, until_s=600)
    assert night.next_due_s() is None


def test_everybody_can_be_a_step(night: Night) -> None:
    there = watch(night)
    night.plan(on_duty(there.team, 1), everybody())
    alert = night.raised()
    night.pass_until(100)
    night.phone("an").gets(alert, between(60, 62), "again")
    night.phone("nghi").gets(alert, between(60, 62))


def test_a_plan_without_steps_is_none(night: Night) -> None:
    usual(night)
    with night.town.db.writing() as conn:
        conn.execute(delete(plan_steps))
    alert = night.raised()
    night.phone("nghi").gets(alert, between(0, 0))


def test_the_escalator_wakes_for_the_call_that_is_due_and_stops_when_it_is_told_to(
    night: Night,
) -> None:
    """In real time: the town's clock stands still, the escalator's goes."""
    usual(night)
    alert = night.raised()
    real = HubClock()
    with night.town.db.writing() as conn:
        due = columns("due", real.now().plus_s(0.3))
        conn.execute(update(escalations).values(due))

    async def run() -> None:
        stop = asyncio.Event()
        escalator = Escalator(db=night.town.db, clock=real, change_signal=ChangeSignal())
        task = asyncio.create_task(escalator.run(stop))
        async with asyncio.timeout(patience_s()):
            while len(night.town.rows()) < 2:
                await asyncio.sleep(0.05)
            stop.set()
            await task

    asyncio.run(run())
    (first, second) = night.town.rows()
    assert (first.alert_id, second.alert_id, second.moment) == (alert, alert, "opened")


def test_an_end_that_is_taken_back_goes_on_calling_when_it_would_have(night: Night) -> None:
    usual(night)
    alert = night.raised()
    night.pass_until(20)
    town = night.town
    responses = ResponseService(Acting(town.db, clock=town.clock, change_signal=ChangeSignal()))
    person_id = night.officers["an"].person_id
    an = Asker(person_id, "an", "An", "officer", "vi", "10.0.0.9")
    assert isinstance(responses.act(an, alert, act="resolve"), AlertRow)
    assert night.next_due_s() is None
    town.clock.go_on(8)
    row = responses.undo(an, alert)
    assert isinstance(row, AlertRow) and row.state == "open"
    assert night.next_due_s() == 60
    night.deliver()
    night.phone("an").gets(alert, between(28, 28), moment="again")
    night.pass_until(130)
    night.phone("binh").gets(alert, between(60, 62))
    night.phone("truc").gets(alert, between(120, 122))
