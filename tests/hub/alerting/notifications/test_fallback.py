"""Not shown in time, gone or dead: the next channel is used, and its person; on both databases."""

import pytest
from sqlalchemy import update

from hub.access.tables import people
from hub.alerting.notifications import receipts
from hub.alerting.notifications.fallback import FallbackChannel
from hub.alerting.notifications.pending import PendingNotification
from hub.base.change_signal import ChangeSignal
from hub.notify.rules.delivery_result import Answer, Delivered, Gone, MessageRefused, TryAgain
from tests.hub.rigs.notify_town import Officer, Town

pytestmark = pytest.mark.promise(
    "Notifications: A notification that is not shown goes to the next channel."
)


def officer(town: Town, login: str = "hai", *, order: str | None = None) -> Officer:
    addresses = [
        ("webpush", f"https://push.test/{login}", "{}"),
        ("ntfy", f"https://ntfy.test/{login}", "{}"),
    ]
    made = town.officer(login, addresses=addresses)
    with town.db.writing() as conn:
        this = people.c.id == made.person_id
        conn.execute(update(people).where(this).values(channel_order=order))
    return made


def send(town: Town, answer: Answer | None = None) -> list[PendingNotification]:
    claimed = town.claim()
    for owed in claimed:
        town.record(owed, answer or Delivered(201))
    return claimed


def look(town: Town) -> int:
    way = FallbackChannel(
        db=town.db, clock=town.clock, change_signal=ChangeSignal(), unseen_after_s=20
    )
    return way.look()


def told(town: Town) -> list[str]:
    return [owed.phone.channel for owed in send(town)]


def test_an_alert_that_no_phone_shows_goes_to_the_next_channel_once(town: Town) -> None:
    officer(town)
    town.owe(town.alert())
    assert told(town) == ["webpush"]
    town.clock.go_on(19)
    assert look(town) == 0
    town.clock.go_on(1)
    assert look(town) == 1
    assert told(town) == ["ntfy"]
    town.clock.go_on(600)
    assert look(town) == 0


def test_a_phone_that_says_it_showed_it_is_enough(town: Town) -> None:
    hai = officer(town)
    town.owe(town.alert())
    (owed,) = send(town)
    with town.db.writing() as conn:
        receipts.mark_shown(
            conn,
            notification_id=owed.notification_id,
            person_id=hai.person_id,
            now=town.clock.now(),
        )
    town.clock.go_on(60)
    assert look(town) == 0


def test_a_phone_that_is_gone_or_refuses_waits_for_nothing(town: Town) -> None:
    officer(town)
    officer(town, "ba")
    town.owe(town.alert())
    gone, refused = town.claim()
    town.record(gone, Gone("410", 410))
    town.record(refused, MessageRefused("413", 413))
    assert look(town) == 2
    assert told(town) == ["ntfy", "ntfy"]


def test_a_service_that_is_down_is_passed_by(town: Town) -> None:
    officer(town)
    town.owe(town.alert())
    (owed,) = town.claim()
    town.record(owed, TryAgain("503", 503, after_s=300))
    town.clock.go_on(20)
    assert look(town) == 1


def test_the_person_chooses_which_channel_comes_first(town: Town) -> None:
    officer(town, order="ntfy,webpush")
    officer(town, "ba", order="webpush+ntfy")
    town.owe(town.alert())
    assert sorted(told(town)) == ["ntfy", "ntfy", "webpush"]


def test_a_critical_alert_goes_every_way_at_once(town: Town) -> None:
    officer(town)
    town.owe(town.alert(severity="critical"))
    assert sorted(told(town)) == ["ntfy", "webpush"]


@pytest.mark.promise("Channels: Each officer orders channels by severity.")
def test_a_critical_alert_follows_the_persons_own_order_for_it(town: Town) -> None:
    officer(town, order="webpush; critical=ntfy,webpush")
    town.owe(town.alert(severity="critical"))
    assert told(town) == ["ntfy"]
    town.clock.go_on(20)
    assert look(town) == 1
    assert told(town) == ["webpush"]
    town.owe(town.alert())
    assert told(town) == ["webpush"]


def test_an_order_that_cannot_be_read_holds_nobodys_alert_up(town: Town) -> None:
    officer(town, order="urgent=;;+")
    town.owe(town.alert())
    assert told(town) == ["webpush"]


def test_growth_is_told_where_the_alert_was_told(town: Town) -> None:
    officer(town)
    alert_id = town.alert()
    town.owe(alert_id)
    send(town)
    assert town.owe(alert_id, "grown") == 1


def test_an_alert_that_somebody_has_goes_no_further(town: Town) -> None:
    hai = officer(town)
    alert_id = town.alert()
    town.owe(alert_id)
    send(town)
    town.take(alert_id, hai)
    town.clock.go_on(60)
    assert look(town) == 0


@pytest.mark.promise(
    "Notifications: The ledger records queued, accepted, shown, opened and acknowledged."
)
def test_the_ledger_follows_a_notification_from_queued_to_acknowledged(town: Town) -> None:
    hai = officer(town)
    officer(town, "ba")
    alert_id = town.alert()
    town.owe(alert_id)
    mine, other = sorted(send(town), key=lambda owed: owed.phone.address != "https://push.test/hai")
    row = town.row(mine.notification_id)
    assert (row.state, row.shown_utc_us, row.opened_utc_us) == ("accepted", None, None)
    for mark in (receipts.mark_shown, receipts.mark_opened):
        town.clock.go_on(1)
        with town.db.writing() as conn:
            assert mark(
                conn,
                notification_id=mine.notification_id,
                person_id=hai.person_id,
                now=town.clock.now(),
            )
    town.clock.go_on(1)
    town.take(alert_id, hai)
    with town.db.writing() as conn:
        receipts.mark_acknowledged(conn, [alert_id], person_id=hai.person_id, now=town.clock.now())
    row = town.row(mine.notification_id)
    steps = [row.owed_utc_us, row.shown_utc_us, row.opened_utc_us, row.acknowledged_utc_us]
    assert [step - row.owed_utc_us for step in steps] == [0, 1_000_000, 2_000_000, 3_000_000]
    assert town.row(other.notification_id).acknowledged_utc_us is None
