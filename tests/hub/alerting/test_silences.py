"""Silences: what raises no alert for a while, and what still does; on both databases."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from agent.wire.terms import RuleWords
from hub.access.rules.grants import Right
from hub.alerting.alerts import queries
from hub.alerting.alerts.tables import alert_history
from hub.alerting.oncall.faults import OnCallError
from hub.alerting.response.service import ResponseService
from hub.alerting.silences import rows
from hub.alerting.silences.rules import (
    MUTED_S,
    AlertSpot,
    Ending,
    Silence,
    covers,
    may_be_muted,
    silenced_by,
)
from hub.alerting.silences.service import NewSilence, SilenceService
from hub.alerting.silences.tables import silences as silences_table
from hub.base.audit.asker import Asker
from hub.nodes.spool.tables import events
from hub.notify.tables import notifications
from hub.registry.tables import cameras
from tests.hub.helpers.alerting.silences import seen
from tests.hub.rigs.streets import Streets
from tests.schedules import schedules

pytestmark = pytest.mark.promise(
    "Rules and duty: Three false alarms offer to mute a spot, and nothing is muted by itself."
)

HERE, THERE = UUID(int=1), UUID(int=2)
NOW_US = 1_795_000_000_000_000
DAY_US = 86_400_000_000


def silence(**changed: Any) -> Silence:
    facts: dict[str, Any] = {
        "silence_id": UUID(int=9),
        "camera_id": HERE,
        "kind": None,
        "zone": None,
        "rule": None,
        "is_exact": False,
        "until_utc_us": NOW_US + 1,
        "reason": "x",
    }
    return Silence(**facts | changed)


@pytest.mark.parametrize(
    ("changed", "spot", "is_covered"),
    [
        ({}, AlertSpot(HERE, "person"), True),
        ({}, AlertSpot(HERE, "crowd", "san", "entry"), True),
        ({}, AlertSpot(THERE, "person"), False),
        ({"until_utc_us": NOW_US}, AlertSpot(HERE, "person"), False),
        ({"kind": "crowd"}, AlertSpot(HERE, "person"), False),
        ({"zone": "san"}, AlertSpot(HERE, "person", "san", "entry"), True),
        ({"zone": "san"}, AlertSpot(HERE, "person"), False),
        ({"is_exact": True, "kind": "person"}, AlertSpot(HERE, "person"), True),
        ({"is_exact": True, "kind": "person"}, AlertSpot(HERE, "person", "san", "entry"), False),
        (
            {"is_exact": True, "kind": "person", "zone": "san", "rule": "entry"},
            AlertSpot(HERE, "person", "san", "loitering"),
            False,
        ),
    ],
)
def test_a_silence_covers_what_it_names(
    changed: dict[str, Any], spot: AlertSpot, is_covered: bool
) -> None:
    assert covers(silence(**changed), spot, now_utc_us=NOW_US) == is_covered


def false_at(*days_ago: float) -> list[Ending]:
    return [
        Ending(was_false=True, closed_utc_us=NOW_US - round(days * DAY_US)) for days in days_ago
    ]


def test_three_false_alarms_in_a_row_may_be_muted_and_with_a_true_one_between_not() -> None:
    assert may_be_muted(false_at(0, 1, 2), now_utc_us=NOW_US)
    assert not may_be_muted(false_at(0, 1), now_utc_us=NOW_US)
    assert not may_be_muted(false_at(0, 1, 15), now_utc_us=NOW_US)
    true = Ending(was_false=False, closed_utc_us=NOW_US - DAY_US // 2)
    assert not may_be_muted([*false_at(0, 1, 2), true], now_utc_us=NOW_US)
    older = Ending(was_false=False, closed_utc_us=NOW_US - 3 * DAY_US)
    assert may_be_muted([older, *false_at(0, 1, 2)], now_utc_us=NOW_US)


SPOTS = st.builds(
    AlertSpot,
    st.sampled_from([HERE, THERE]),
    st.sampled_from(["person", "crowd"]),
    st.sampled_from([None, "san", "cong"]),
    st.sampled_from([None, "entry", "loitering"]),
)
MUTES = SPOTS.map(
    lambda spot: silence(
        camera_id=spot.camera_id, kind=spot.kind, zone=spot.zone, rule=spot.rule, is_exact=True
    )
)


@schedules(60, steps=1)
@given(st.lists(MUTES, max_size=5), SPOTS)
def test_of_any_mutes_only_the_very_spot_is_quiet(mutes: list[Silence], spot: AlertSpot) -> None:
    muted = {AlertSpot(one.camera_id, one.kind or "", one.zone, one.rule) for one in mutes}
    found = silenced_by(mutes, spot, now_utc_us=NOW_US)
    assert (found is not None) == (spot in muted)


def met(rule: str = "loitering", place: str = "san-sau") -> RuleWords:
    return RuleWords(rule=rule, place=place, seconds=30)


def call_false(streets: Streets, an: Asker, *rules: RuleWords) -> UUID:
    alert_id = seen(streets, *rules)
    assert alert_id is not None
    streets.services.use(ResponseService).act(an, alert_id, act="false_alarm")
    return alert_id


def mute(streets: Streets, an: Asker, *rules: RuleWords) -> UUID:
    """Three false alarms, and their offer taken; returns the third."""
    alert_id = [call_false(streets, an, *rules) for _ in range(3)][-1]
    assert streets.services.use(SilenceService).mute(an, alert_id) is True
    return alert_id


def is_offered(streets: Streets, an: Asker, alert_id: UUID) -> bool:
    with streets.db.reading() as conn:
        row = queries.one_alert(conn, an.person_id, alert_id, streets.clock.now())
    assert row is not None
    return streets.services.use(SilenceService).may_mute(an, row)


def camera_of(streets: Streets) -> UUID:
    with streets.db.reading() as conn:
        found = conn.scalar(select(cameras.c.id).where(cameras.c.area_id == streets.junction))
    assert found is not None
    return found


def test_a_mute_lasts_two_weeks_and_something_new_at_the_spot_alerts(
    streets: Streets,
) -> None:
    an = streets.officer("an")
    mute(streets, an)
    assert streets.acts()[-2:] == ["alert.mute", "silence.add"]
    assert seen(streets) is None
    assert seen(streets, met()) is not None, "somebody lingers: that is new"
    silences = streets.services.use(SilenceService)
    (row,) = silences.silences(an)
    assert (row.silence.kind, row.silence.zone, row.hits) == ("person", None, 1)
    assert row.made_by_name == "Anh an"
    streets.clock.pass_s(MUTED_S)
    assert seen(streets) is not None
    assert silences.silences(an) == []


def test_a_mute_is_ended_by_a_tap_and_then_it_takes_three_more(streets: Streets) -> None:
    an = streets.officer("an")
    third = mute(streets, an)
    silences = streets.services.use(SilenceService)
    (row,) = silences.silences(an)
    assert silences.end_silence(an, row.silence.silence_id)
    assert silences.silences(an) == []
    later = [call_false(streets, an) for _ in range(3)]
    assert [is_offered(streets, an, one) for one in (third, *later)] == [False, False, False, True]


def test_a_true_alarm_between_keeps_the_spot_awake(streets: Streets) -> None:
    an = streets.officer("an")
    for _ in range(2):
        call_false(streets, an)
    alert_id = seen(streets)
    assert alert_id is not None
    streets.services.use(ResponseService).act(an, alert_id, act="resolve")
    after = [call_false(streets, an) for _ in range(2)]
    assert not is_offered(streets, an, after[-1])
    assert streets.services.use(SilenceService).mute(an, after[-1]) is False
    assert streets.acts()[-1] == "alert.mute.refused"
    assert is_offered(streets, an, call_false(streets, an))


def test_a_muted_rule_leaves_another_rule_in_the_same_zone_awake(streets: Streets) -> None:
    an = streets.officer("an")
    mute(streets, an, met())
    assert seen(streets, met()) is None
    assert seen(streets, met("entry")) is not None
    assert seen(streets, met(), met("entry")) is not None
    assert seen(streets) is not None


def test_who_is_muted_and_then_does_something_new_raises_the_alert_at_once(
    streets: Streets,
) -> None:
    an = streets.officer("an")
    mute(streets, an)
    streets.clock.pass_s(120)
    sighting_id = uuid4()
    (opened,) = streets.file(streets.node.opened(sighting_id))
    streets.clock.pass_s(30)
    (lingers,) = streets.file(streets.node.updated(sighting_id, rules=(met(),)))
    assert (opened.fate, lingers.fate) == ("muted", "alerted")


def test_a_muted_rule_that_is_met_in_a_running_alert_rings_nobody_again(streets: Streets) -> None:
    an = streets.officer("an")
    mute(streets, an, met())
    streets.clock.pass_s(120)
    sighting_id = uuid4()
    streets.file(streets.node.opened(sighting_id))
    streets.clock.pass_s(10)
    streets.file(streets.node.updated(sighting_id, rules=(met(),)))
    streets.clock.pass_s(1)
    streets.file(streets.node.updated(sighting_id, rules=(met(), met("entry"))))
    with streets.db.reading() as conn:
        fates = list(conn.scalars(select(events.c.fate).order_by(events.c.seq)))
    assert fates[-3:] == ["alerted", "grouped", "grouped"]
    rings = [row.moment for row in streets.rows(notifications) if row.state == "queued"]
    assert sorted(rings) == ["opened", "raised"]


@pytest.mark.promise("Rules and duty: A silence has an end and a reason.")
def test_a_keeper_silences_a_camera_with_an_end_and_a_reason(streets: Streets) -> None:
    kim = streets.officer("kim", rights=Right.MANAGE | Right.SEE)
    an = streets.officer("an")
    new = NewSilence(camera_of(streets), None, None, 3600, "sơn lại vỉa hè")
    silences = streets.services.use(SilenceService)
    assert silences.add_silence(kim, new)
    assert seen(streets) is None
    (row,) = silences.silences(an)
    assert (row.made_by_name, row.silence.reason) == ("Anh kim", "sơn lại vỉa hè")
    streets.clock.pass_s(3600)
    assert seen(streets) is not None


def test_a_silence_needs_a_reason_and_a_keeper(streets: Streets) -> None:
    kim = streets.officer("kim", rights=Right.MANAGE)
    an = streets.officer("an")
    stranger = streets.officer("xa", area=streets.bridge)
    silences = streets.services.use(SilenceService)
    with pytest.raises(OnCallError):
        silences.add_silence(kim, NewSilence(camera_of(streets), None, None, 60, " "))
    new = NewSilence(camera_of(streets), None, None, 3600, "x")
    assert not silences.add_silence(an, new)
    assert silences.add_silence(kim, new)
    (row,) = silences.silences(an)
    assert silences.silences(stranger) == []
    assert not silences.end_silence(stranger, row.silence.silence_id)
    assert silences.end_silence(an, row.silence.silence_id)
    assert "silence.end.refused" in streets.acts()


def test_no_silence_lasts_for_longer_than_a_month(streets: Streets) -> None:
    kim = streets.officer("kim", rights=Right.MANAGE)
    silences = streets.services.use(SilenceService)
    silences.add_silence(kim, NewSilence(camera_of(streets), None, None, 1e9, "x"))
    (row,) = silences.silences(kim)
    ahead_us = row.silence.until_utc_us - streets.clock.now().utc_us
    assert ahead_us == 31 * DAY_US


def test_nothing_is_muted_by_itself_and_the_third_offers_it_to_who_closed_it(
    streets: Streets,
) -> None:
    an, binh = streets.officer("an"), streets.officer("binh")
    closed = [call_false(streets, an) for _ in range(3)]
    assert [is_offered(streets, an, one) for one in closed] == [False, False, True]
    silences = streets.services.use(SilenceService)
    assert silences.silences(an) == []
    assert not is_offered(streets, binh, closed[-1])
    assert silences.mute(binh, closed[-1]) is False
    assert silences.mute(streets.officer("xa", area=streets.bridge), closed[-1]) is None
    fourth = call_false(streets, an)
    assert is_offered(streets, an, fourth), "who let the first offer pass gets it again"
    assert silences.mute(an, fourth) is True
    assert silences.mute(an, fourth) is True, "the second tap finds it done"
    assert len(silences.silences(an)) == 1
    told = [(row.act, row.person_id) for row in streets.rows(alert_history)]
    assert told.count(("mute_offered", None)) == 2
    assert told.count(("muted", an.person_id)) == 1


@pytest.mark.parametrize("again", ["undo", "reopen"])
def test_a_false_alarm_that_is_open_again_ends_the_mute_that_it_led_to(
    streets: Streets, again: str
) -> None:
    an, responses = streets.officer("an"), streets.services.use(ResponseService)
    alert_id = mute(streets, an)
    if again == "undo":
        responses.undo(an, alert_id)
    else:
        responses.reopen(an, alert_id, reason="có người thật")
    assert streets.services.use(SilenceService).silences(an) == []
    assert "silence.end" in streets.acts()
    assert not is_offered(streets, an, alert_id)


def test_a_mute_that_an_older_hub_set_by_itself_goes_on_to_its_end(streets: Streets) -> None:
    an = streets.officer("an")
    third = [call_false(streets, an) for _ in range(3)][-1]
    with streets.db.writing() as conn:
        made = rows.mute_spot(conn, third, person_id=an.person_id, now=streets.clock.now())
        conn.execute(silences_table.update().values(made_by=None))
    assert seen(streets) is None
    silences = streets.services.use(SilenceService)
    (row,) = silences.silences(an)
    assert (row.made_by_name, row.silence.silence_id) == (None, made.silence_id)
    assert silences.end_silence(an, made.silence_id)
    assert seen(streets) is not None
