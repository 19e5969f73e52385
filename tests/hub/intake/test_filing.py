"""Events become rows, alerts and pending notifications: once each, in one transaction."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import update

from agent.wire.answers import RefusalReason
from agent.wire.messages import CameraBack, CameraLost, NumbersDropped
from agent.wire.terms import ClockSource, ObjectKind, Stamp
from hub.alerting.alerts.tables import alert_changes, alert_history, alerts, sightings
from hub.footage.tables import media
from hub.intake.filing.filing import set_aside
from hub.nodes import presence
from hub.nodes.spool.tables import dropped_numbers, events
from hub.notify.tables import notifications
from hub.registry.tables import cameras
from hub.registry.tables import set_aside as aside
from tests.hub.rigs.streets import Streets, picture

pytestmark = pytest.mark.promise("Node to hub: Each event has exactly one outcome.")


def fates(streets: Streets) -> list[str]:
    return [row.fate for row in sorted(streets.rows(events), key=lambda row: row.seq)]


@pytest.mark.promise("Notifications: A notification enters in the transaction of its alert.")
def test_a_person_raises_an_alert_and_is_owed_to_every_entitled_phone(streets: Streets) -> None:
    streets.officer("an")
    streets.officer("binh", area=streets.bridge)
    [filed] = streets.file(streets.node.opened(picture=picture()))
    assert filed.is_stored and filed.fate == "alerted"
    [alert] = streets.rows(alerts)
    assert (alert.id, alert.kind, alert.state, alert.people) == (
        filed.alert_id,
        "person",
        "open",
        1,
    )
    assert alert.began_utc_us == streets.clock.now().utc_us - 400_000
    assert (alert.began_error_ms, alert.clock_source) == (20, "ntp")
    [owed] = streets.rows(notifications)
    assert (owed.alert_id, owed.moment) == (filed.alert_id, "opened")
    [announced] = streets.rows(media)
    assert (announced.kind, announced.stored_utc_us) == ("picture", None)
    assert [row.act for row in streets.rows(alert_history)] == ["raised"]
    assert [row.revision for row in streets.rows(alert_changes)] == [1]


@pytest.mark.promise("Wire protocol: An event has one identity: node, spool and number.")
@pytest.mark.promise("Node to hub: A repeated event changes nothing.")
def test_a_repeat_changes_nothing_and_is_answered_as_stored(streets: Streets) -> None:
    streets.officer("an")
    event = streets.node.opened()
    streets.file(event)
    before = [len(streets.rows(table)) for table in (events, alerts, alert_changes, notifications)]
    [again] = streets.file(event.model_copy(update={"age_ms": 60_000}))
    assert again.is_stored and again.is_repeat
    after = [len(streets.rows(table)) for table in (events, alerts, alert_changes, notifications)]
    assert after == before


@pytest.mark.promise("Wire protocol: An event has one identity: node, spool and number.")
def test_a_number_that_is_taken_is_refused(streets: Streets) -> None:
    event = streets.node.opened()
    streets.file(event)
    [filed] = streets.file(event.model_copy(update={"event_id": uuid4()}))
    assert not filed.is_stored
    assert filed.refusal is not None
    assert filed.refusal.reason is RefusalReason.NUMBER_TAKEN
    assert len(streets.rows(events)) == 1


def test_another_nodes_event_id_is_refused(streets: Streets) -> None:
    event = streets.node.opened()
    streets.file(event)
    [filed] = streets.file(streets.other.opened().model_copy(update={"event_id": event.event_id}))
    assert filed.refusal is not None and "another node" in filed.refusal.detail


@pytest.mark.promise("Faults: A wrong, unknown, oversize or repeated message is refused.")
def test_an_unknown_camera_or_node_is_refused(streets: Streets) -> None:
    strange = replace(streets.node, camera="cam-9")
    nobody = replace(streets.node, name="nobody")
    reasons = [filed.refusal for filed in streets.file(strange.opened(), nobody.opened())]
    assert [refusal.reason for refusal in reasons if refusal] == [
        RefusalReason.UNKNOWN_CAMERA,
        RefusalReason.UNKNOWN_NODE,
    ]
    assert streets.rows(events) == []


def test_a_camera_of_a_rolled_back_birth_is_not_remembered(streets: Streets) -> None:
    late = replace(streets.node, camera="cam-2")
    with pytest.raises(ZeroDivisionError), streets.db.writing() as conn:
        now = streets.clock.now()
        presence.note_birth(conn, late.birth("cam-1", "cam-2"), now=now)
        assert streets.filing.file_event(conn, late.opened(), now=now).is_stored
        _ = 1 / 0
    [filed] = streets.file(late.opened())
    assert filed.refusal is not None and filed.refusal.reason is RefusalReason.UNKNOWN_CAMERA


@pytest.mark.promise("Storms and backup: Sightings close in time and place join one alert.")
def test_a_second_person_soon_after_joins_the_alert_and_wakes_nobody(streets: Streets) -> None:
    streets.officer("an")
    [first] = streets.file(streets.node.opened())
    streets.clock.pass_s(15)
    [second] = streets.file(streets.node.opened(people=2))
    assert (second.fate, second.alert_id) == ("grouped", first.alert_id)
    [alert] = streets.rows(alerts)
    assert (alert.people, alert.revision) == (2, 2)
    assert alert.last_seen_utc_us == streets.clock.now().utc_us
    assert len(streets.rows(notifications)) == 1
    assert [row.act for row in streets.rows(alert_history)] == ["raised", "grown"]


def test_somebody_after_a_long_quiet_is_a_new_alert(streets: Streets) -> None:
    sighting = uuid4()
    streets.file(streets.node.opened(sighting))
    streets.clock.pass_s(5)
    streets.file(streets.node.closed(sighting))
    streets.clock.pass_s(25)
    [filed] = streets.file(streets.node.opened())
    assert filed.fate == "alerted"
    assert len(streets.rows(alerts)) == 2


@pytest.mark.promise("Hub: An alert grows: first text, then picture, then clip.")
def test_an_update_grows_sighting_and_alert(streets: Streets) -> None:
    sighting = uuid4()
    streets.file(streets.node.opened(sighting))
    streets.clock.pass_s(3)
    [grown] = streets.file(streets.node.updated(sighting, people=3, picture=picture(b"better")))
    assert grown.fate == "grouped"
    [row], [alert] = streets.rows(sightings), streets.rows(alerts)
    assert (row.people, row.score) == (3, 0.9)
    assert (alert.people, alert.revision, alert.last_seen_utc_us) == (
        3,
        2,
        streets.clock.now().utc_us,
    )
    streets.clock.pass_s(3)
    streets.file(streets.node.closed(sighting))
    [row], [alert] = streets.rows(sightings), streets.rows(alerts)
    assert row.closed_utc_us == streets.clock.now().utc_us
    assert alert.last_seen_utc_us == streets.clock.now().utc_us - 100_000
    assert [line.detail for line in streets.rows(alert_history)][1:] == ["1 → 3"]


def test_words_that_arrive_before_their_opening_count_all_the_same(streets: Streets) -> None:
    sighting = uuid4()
    opened = streets.node.opened(sighting)
    streets.clock.pass_s(2)
    updated = streets.node.updated(sighting, people=4)
    streets.clock.pass_s(2)
    closed = streets.node.closed(sighting)
    streets.file(closed, updated, opened)
    [row], [alert] = streets.rows(sightings), streets.rows(alerts)
    assert row.people == alert.people == 4
    assert row.closed_utc_us is not None
    assert fates(streets) == ["alerted", "noted", "noted"]


@pytest.mark.promise("Node to hub: A late event is stored and notifies nobody.")
def test_what_comes_late_is_stored_and_wakes_nobody(streets: Streets) -> None:
    streets.officer("an")
    sighting = uuid4()
    opened, closed = streets.node.opened(sighting, picture=picture()), streets.node.closed(sighting)
    clip = streets.node.clip(sighting)
    streets.clock.pass_s(601)
    streets.file(opened, closed, clip)
    assert fates(streets) == ["late", "late", "late"]
    assert streets.rows(alerts) == streets.rows(notifications) == []
    [row] = streets.rows(sightings)
    assert row.alert_id is None and row.closed_utc_us is not None
    assert {row.kind for row in streets.rows(media)} == {"picture", "clip"}
    [first] = [row for row in streets.rows(events) if row.kind == "sighting_opened"]
    assert "601 s" in first.fate_reason


def test_against_a_clock_of_the_hub_that_jumped_no_stamp_makes_news_late(streets: Streets) -> None:
    streets.officer("an")
    opened = streets.node.opened()
    streets.clock.pass_s(601)
    streets.clock.moment = replace(streets.clock.moment, error_ms=None, is_doubted=True)
    streets.file(opened)
    streets.node.age_ms = 601_000
    streets.file(streets.node.opened())
    assert fates(streets) == ["alerted", "late"], "what waited so long at its node is late"


@pytest.mark.promise("Node state and clocks: A wrong wall clock does not change durations.")
@pytest.mark.promise("Node trouble: A wrong clock is reported.")
def test_a_node_without_a_clock_is_believed_by_its_age(streets: Streets) -> None:
    streets.node.source, streets.node.error_ms = ClockSource.NONE, None
    streets.node.age_ms = 2_000
    in_1970 = Stamp(utc_us=90_000_000, source=ClockSource.NONE, error_ms=None)
    body = streets.node.opened(first_seen_utc_us=89_000_000).body
    [filed] = streets.file(streets.node.says(body, stamp=in_1970))
    assert filed.fate == "alerted"
    [alert] = streets.rows(alerts)
    assert alert.confirmed_utc_us == streets.clock.now().utc_us - 2_000_000
    assert alert.began_utc_us == streets.clock.now().utc_us - 3_000_000
    assert (alert.began_error_ms, alert.clock_source) == (None, "none")


def test_times_of_a_clock_nobody_vouches_for_stay_in_order_while_it_is_about_right(
    streets: Streets,
) -> None:
    """Each message's journey differs; that must not put a clip after what it shows."""
    streets.node.source, streets.node.error_ms = ClockSource.NONE, None
    now_us = streets.clock.now().utc_us
    for age_ms in (0, 3, 900):
        streets.node.age_ms = age_ms
        stamp = Stamp(utc_us=now_us - 1_000_000, source=ClockSource.NONE, error_ms=None)
        body = streets.node.opened(first_seen_utc_us=now_us - 1_400_000).body
        streets.file(streets.node.says(body, stamp=stamp))
    assert {row.first_seen_utc_us for row in streets.rows(sightings)} == {now_us - 1_400_000}


def test_a_car_is_noted_and_wakes_nobody(streets: Streets) -> None:
    [filed] = streets.file(streets.node.opened(object_kind=ObjectKind.CAR))
    assert filed.fate == "noted"
    assert len(streets.rows(sightings)) == 1
    assert streets.rows(alerts) == []


def test_a_camera_is_lost_and_back_whatever_the_order(streets: Streets) -> None:
    lost = streets.node.says(CameraLost(camera="cam-1", reason="no packets for 5 s\0"))
    back = streets.node.says(CameraBack(camera="cam-1", lost_for_ms=9000))
    streets.file(lost)
    [camera] = [row for row in streets.rows(cameras) if row.is_lost]
    assert camera.lost_reason == "no packets for 5 s\ufffd"
    streets.file(back)
    assert not any(row.is_lost for row in streets.rows(cameras))
    early = streets.node.says(CameraLost(camera="cam-1", reason="again"))
    late = streets.node.says(CameraBack(camera="cam-1", lost_for_ms=9000))
    streets.file(late, early)
    assert not any(row.is_lost for row in streets.rows(cameras))


@pytest.mark.promise("Node to hub: Dropped numbers are announced as ranges.")
def test_dropped_numbers_are_kept(streets: Streets) -> None:
    streets.file(streets.node.says(NumbersDropped(ranges=((3, 9), (11, 2**53 - 1)), reason="full")))
    rows = sorted(streets.rows(dropped_numbers), key=lambda row: row.first_seq)
    assert [(row.first_seq, row.last_seq) for row in rows] == [(3, 9), (11, 2**53 - 1)]


def test_numbers_no_column_holds_do_not_stop_the_hub(streets: Streets) -> None:
    [filed] = streets.file(streets.node.opened(people=2**70))
    assert filed.is_stored
    assert streets.rows(alerts)[0].people == 2**31 - 1
    [filed] = streets.file(
        streets.node.clip(uuid4()).model_copy(
            update={"stamp": Stamp(utc_us=0, source=ClockSource.NONE, error_ms=None)}
        )
    )
    assert filed.is_stored


def test_a_node_cannot_touch_another_nodes_sighting(streets: Streets) -> None:
    sighting = uuid4()
    [filed] = streets.file(streets.node.opened(sighting))
    streets.file(
        streets.other.updated(sighting, people=50),
        streets.other.closed(sighting),
        streets.other.opened(sighting, people=60),
        streets.other.clip(sighting, content=b"a lie"),
    )
    [row], [alert] = streets.rows(sightings), streets.rows(alerts)
    assert (row.people, row.closed_utc_us) == (1, None)
    assert (alert.id, alert.people, alert.revision) == (filed.alert_id, 1, 1)
    streets.bring(b"a lie", node="cau-moi")
    assert streets.rows(alerts)[0].clip_id is None


def test_growth_after_the_alert_is_closed_wakes_nobody(streets: Streets) -> None:
    streets.officer("an")
    sighting = uuid4()
    streets.file(streets.node.opened(sighting))
    with streets.db.writing() as conn:
        conn.execute(update(alerts).values(state="false_alarm"))
    streets.clock.pass_s(5)
    [filed] = streets.file(streets.node.updated(sighting, people=3))
    assert filed.fate == "grouped"
    assert len(streets.rows(notifications)) == 1


def test_a_message_that_cannot_be_filed_is_kept_with_its_reason(streets: Streets) -> None:
    with streets.db.writing() as conn:
        set_aside(
            conn,
            topic="matthan/nga-tu/up/event",
            payload=b"x" * 100_000,
            reason=RefusalReason.OVERSIZE,
            detail="too long\0",
            node_name="nga-tu",
            event_id=None,
            now=streets.clock.now(),
        )
    [row] = streets.rows(aside)
    assert (len(row.payload), row.size_bytes, row.reason) == (65_536, 100_000, "oversize")


@pytest.mark.promise("Storms and backup: A spot that has just alerted stays quiet for a while.")
def test_a_spot_at_rest_raises_its_alert_silently_and_hides_no_other_cameras_first(
    streets: Streets,
) -> None:
    streets.officer("an")
    first, second = uuid4(), uuid4()
    streets.file(streets.node.opened(first))
    streets.clock.pass_s(1)
    streets.file(streets.node.closed(first))
    streets.clock.pass_s(25)
    [here] = streets.file(streets.node.opened(second, picture=picture()))
    [there] = streets.file(streets.other.opened())
    assert (here.fate, there.fate) == ("silenced", "alerted")
    assert here.alert_id is not None and here.alert_id != there.alert_id
    streets.bring(b"picture")
    told = [row.alert_id for row in streets.rows(notifications)]
    assert len(told) == 2 and here.alert_id not in told
    quiet = next(row for row in streets.rows(alerts) if row.id == here.alert_id)
    assert quiet.quiet_reason == "this spot woke people 26 s before, 30 s are its rest"
    assert quiet.state == "open" and quiet.picture_id is not None
    streets.file(streets.node.closed(second))
    streets.clock.pass_s(25)
    [again] = streets.file(streets.node.opened())
    assert again.fate == "alerted"  # rest is counted from what woke people, not from what did not


@pytest.mark.promise(
    "Detection and tracking: Above a stated density, a crowd is one alert with a number."
)
def test_a_crowd_is_an_alert_of_its_own_beside_the_one_of_persons(streets: Streets) -> None:
    streets.officer("an")
    streets.file(streets.node.opened())
    [crowd] = streets.file(streets.node.opened(people=45, is_crowd=True))
    assert crowd.fate == "alerted"
    assert sorted((row.kind, row.people) for row in streets.rows(alerts)) == [
        ("crowd", 45),
        ("person", 1),
    ]
