"""Storms of alerts in the ledger: on both databases, on a virtual clock."""

from uuid import UUID

import pytest
from sqlalchemy import insert, update

from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications import receipts
from hub.alerting.notifications.batching import AlertDigest
from hub.alerting.notifications.pending import PendingNotification
from hub.alerting.notifications.rules.batching import BatchingLimits
from hub.notify.rules.delivery_result import Answer, Delivered, Gone, MessageRefused, TryAgain
from hub.registry.tables import areas, cameras, nodes
from tests.hub.helpers.alerting.notifications.batching_runs import raise_alerts
from tests.hub.rigs.notify_town import NOON, Town, at, fresh_id

pytestmark = pytest.mark.promise(
    "Storms and backup: In a storm a phone gets at most one message a minute."
)

STORM = BatchingLimits()


def deliver(town: Town, storm: BatchingLimits = STORM) -> list[PendingNotification]:
    claimed = town.claim(storm=storm)
    for owed in claimed:
        town.record(owed, Delivered(201))
    return claimed


def second_junction(town: Town) -> UUID:
    area_id, node_id, camera_id = fresh_id(), fresh_id(), fresh_id()
    since = at("state_since", NOON)
    with town.db.writing() as conn:
        row = {"level": "junction", "name": "Cầu Mới", "name_folded": "cau moi"}
        conn.execute(
            insert(areas).values(
                id=area_id, parent_id=town.area_id, **row, **at("valid_from", NOON)
            )
        )
        conn.execute(
            insert(nodes).values(id=node_id, name="tk-02", area_id=area_id, state="online", **since)
        )
        camera = {"name": "cam1", "label": "Đầu cầu", "is_lost": False}
        conn.execute(
            insert(cameras).values(
                id=camera_id, node_id=node_id, area_id=area_id, **camera, **since
            )
        )
    return camera_id


def states(town: Town) -> list[tuple[str, str]]:
    return [(row.state, row.reason) for row in town.rows()]


def test_in_a_storm_a_phone_rings_once_a_minute_with_counts_by_place(town: Town) -> None:
    town.officer("hai")
    bridge = second_junction(town)
    for _ in range(3):
        raise_alerts(town, 1)
        (alone,) = deliver(town)
        assert alone.digest is None
        town.clock.go_on(1)
    raise_alerts(town, 4)
    raise_alerts(town, 2, camera_id=bridge)
    assert deliver(town) == []
    due = town.next_due()
    assert due == NOON.plus_s(2 + 60).utc_us
    assert states(town)[-1] == ("queued", "held: more than 3 alerts in 60 s, told together")
    town.clock.go_to(due)
    (carrier,) = deliver(town)
    assert carrier.digest == AlertDigest(6, (("Ngã tư chợ", 4), ("Cầu Mới", 2)))
    folded = [row for row in town.rows() if row.state == "folded"]
    assert len(folded) == 5
    assert {row.digest_id for row in folded} == {carrier.notification_id}
    assert {row.reason for row in folded} == {"told together: 6 alerts in one message"}
    raise_alerts(town, 1)
    assert deliver(town) == []
    town.clock.go_on(60)
    assert [owed.digest for owed in deliver(town)] == [None]


@pytest.mark.promise("Storms and backup: In a storm a critical alert goes first.")
def test_a_critical_alert_goes_first_and_at_once_in_the_worst_storm(town: Town) -> None:
    town.officer("hai")
    raise_alerts(town, 50)
    critical = town.alert(severity="critical")
    town.owe(critical)
    first, second = town.claim(storm=STORM)
    assert (first.alert_id, first.is_critical, first.digest) == (critical, True, None)
    assert second.digest is not None and second.digest.alerts == 50
    town.clock.go_on(1)
    another = town.alert(severity="critical")
    town.owe(another)
    raise_alerts(town, 1)
    assert [owed.alert_id for owed in deliver(town)] == [another]


@pytest.mark.promise("Storms and backup: In a storm a critical alert goes first.")
def test_a_deferred_alert_that_becomes_critical_rings_at_once(town: Town) -> None:
    town.officer("hai")
    raise_alerts(town, 3)
    assert len(deliver(town)) == 3
    climbed, other = raise_alerts(town, 2)
    assert deliver(town) == []
    town.clock.go_on(1)
    with town.db.writing() as conn:
        conn.execute(update(alerts).where(alerts.c.id == climbed).values(severity="critical"))
    town.owe(climbed, "raised")
    assert [(owed.alert_id, owed.moment) for owed in deliver(town)] == [(climbed, "opened")]
    assert [(owed.alert_id, owed.moment) for owed in deliver(town)] == [(climbed, "raised")]
    assert deliver(town) == []
    town.clock.go_on(60)
    assert [owed.alert_id for owed in deliver(town)] == [other]


@pytest.mark.parametrize("answer", [TryAgain("503", 503), MessageRefused("413", 413)])
def test_alerts_whose_common_message_failed_are_owed_again(town: Town, answer: Answer) -> None:
    town.officer("hai")
    raise_alerts(town, 10)
    (carrier,) = town.claim(storm=STORM)
    town.record(carrier, answer, chance=1)
    assert town.counts().folded == 0
    town.clock.go_on(3)
    (again,) = deliver(town)
    assert again.digest is not None
    assert again.digest.alerts == (10 if isinstance(answer, TryAgain) else 9)
    counts = town.counts()
    assert (counts.accepted + counts.folded, counts.queued) == (again.digest.alerts, 0)


def test_a_worker_that_dies_with_a_digest_in_hand_leaves_all_of_it_owed(town: Town) -> None:
    town.officer("hai")
    raise_alerts(town, 10)
    assert len(town.claim("dead", lease_s=30, storm=STORM)) == 1
    assert town.claim("w2", storm=STORM) == []
    town.clock.go_on(31)
    (again,) = deliver(town)
    assert again.digest is not None and again.digest.alerts == 10
    assert (town.counts().accepted, town.counts().folded) == (1, 9)


def test_a_phone_that_is_gone_loses_what_its_digest_carried_with_a_reason(town: Town) -> None:
    town.officer("hai")
    raise_alerts(town, 5)
    (carrier,) = town.claim(storm=STORM)
    town.record(carrier, Gone("410", 410))
    assert set(states(town)) == {("dead", "410"), ("dropped", "phone gone")}


def test_what_somebody_takes_meanwhile_is_not_in_the_digest(town: Town) -> None:
    officer = town.officer("hai")
    raise_alerts(town, 3)
    deliver(town)
    held = raise_alerts(town, 5)
    deliver(town)
    town.take(held[0], officer)
    town.clock.go_on(61)
    (carrier,) = deliver(town)
    assert carrier.digest is not None and carrier.digest.alerts == 4


def test_an_alert_told_with_others_has_no_entry_that_later_words_could_replace(town: Town) -> None:
    officer = town.officer("hai")
    town.officer("ba", phone_count=0)
    made = raise_alerts(town, 5)
    (carrier,) = deliver(town)
    for alert_id in made:
        town.owe(alert_id, "grown")
    assert deliver(town) == []
    assert {row.reason for row in town.rows() if row.moment == "grown"} == {
        "told together with others"
    }
    assert town.take(made[0], officer) == 0
    with town.db.writing() as conn:
        assert receipts.mark_shown(
            conn,
            notification_id=carrier.notification_id,
            person_id=officer.person_id,
            now=town.clock.now(),
        )
    shown = [row for row in town.rows() if row.moment == "opened" and row.shown_utc_us is not None]
    assert len(shown) == 5


def test_one_phones_storm_is_no_other_phones(town: Town) -> None:
    town.officer("hai")
    raise_alerts(town, 4)
    deliver(town)
    town.officer("ba")
    raise_alerts(town, 1)
    assert len(deliver(town)) == 1


def test_first_words_go_before_later_ones_however_many_of_those_wait(town: Town) -> None:
    calm = BatchingLimits(calm=1000)
    town.officer("an")
    told = raise_alerts(town, 12)
    while deliver(town, calm):
        pass
    for alert_id in told:
        town.owe(alert_id, "grown")
    [fresh] = raise_alerts(town, 1)
    claimed = town.claim(storm=calm, limit=5)
    assert [owed.alert_id for owed in claimed if owed.moment == "opened"] == [fresh]
    assert [owed.moment for owed in claimed].count("grown") == 4


def test_a_word_that_comes_while_others_are_held_is_held_and_told_with_them(town: Town) -> None:
    """It is decided without reading those that are held."""
    town.officer("an")
    raise_alerts(town, 3)
    assert len(deliver(town)) == 3
    town.clock.go_on(5)
    held = raise_alerts(town, 2)
    assert deliver(town) == []
    town.clock.go_on(5)
    held += raise_alerts(town, 1)
    assert deliver(town) == []
    town.clock.go_on(45)
    assert deliver(town) == []
    town.clock.go_on(10)
    [digest] = deliver(town)
    assert digest.digest is not None
    assert digest.digest.alerts == len(held)
