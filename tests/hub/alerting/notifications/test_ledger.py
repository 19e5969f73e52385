"""Who must be notified of what, for how long, and what ends it: on SQLite and on PostgreSQL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from hub.access.account_state import CLOSED
from hub.access.rules.grants import Right
from hub.access.tables import people
from hub.alerting.alerts.tables import alerts
from hub.alerting.notifications import receipts
from hub.notify import ledger
from hub.notify.phones.rows import NewPhoneRow, put_phone
from hub.notify.rules.delivery_result import (
    Delivered,
    Gone,
    MessageRefused,
    NotNeeded,
    RetryPolicy,
    Settled,
    TryAgain,
    what_follows,
)
from hub.notify.tables import phones
from tests.hub.rigs.notify_town import NOON, Town


def reasons(town: Town) -> list[tuple[str, str, str]]:
    return [(row.moment, row.state, row.reason) for row in town.rows()]


# --- owing -----------------------------------------------------------------------------------


def test_every_living_phone_of_everybody_entitled_is_owed_once(town: Town) -> None:
    town.officer("hai", phone_count=2)
    town.officer("ba")
    alert_id = town.alert()
    assert town.owe(alert_id) == 3
    assert town.owe(alert_id) == 0
    assert town.counts().queued == 3


def test_those_who_may_only_look_or_have_left_are_owed_nothing(town: Town) -> None:
    town.officer("looks", rights=Right.SEE | Right.CLIPS)
    town.officer("no-grant", rights=None)
    town.end_grant(town.officer("grant-ended"))
    disabled = town.officer("disabled")
    with town.db.writing() as conn:
        conn.execute(update(people).where(people.c.id == disabled.person_id).values(state=CLOSED))
    assert town.owe(town.alert()) == 0


def test_a_phone_that_is_gone_is_owed_nothing(town: Town) -> None:
    officer = town.officer("hai", phone_count=2)
    with town.db.writing() as conn:
        ledger.retire_phone(conn, officer.phone_ids[0], reason="removed", now=NOON)
    assert town.owe(town.alert()) == 1


def test_taken_drops_what_is_queued_and_wakes_no_phone_that_never_heard(town: Town) -> None:
    taker = town.officer("hai")
    town.officer("ba")
    alert_id = town.alert()
    town.owe(alert_id)
    assert town.take(alert_id, taker) == 0
    assert reasons(town) == [("opened", "dropped", "already handled")] * 2


def test_taken_is_owed_to_phones_that_were_told_except_the_takers(town: Town) -> None:
    taker, other = town.officer("hai", phone_count=2), town.officer("ba")
    alert_id = town.alert()
    town.owe(alert_id)
    for owed in town.claim():
        town.record(owed, Delivered(201))
    town.owe(alert_id, "grown")
    assert town.take(alert_id, taker) == 1
    (taken,) = [row for row in town.rows() if row.moment == "taken"]
    assert taken.person_id == other.person_id
    grown = [row for row in town.rows() if row.moment == "grown"]
    assert {row.state for row in grown} == {"dropped"}


def test_taken_is_owed_to_a_phone_whose_message_may_be_on_the_line(town: Town) -> None:
    taker = town.officer("hai", phone_count=0)
    town.officer("ba")
    alert_id = town.alert()
    town.owe(alert_id)
    (on_the_line,) = town.claim()
    assert town.take(alert_id, taker) == 1
    # It did arrive after all: the ledger says so, and what ends it follows.
    assert town.record(on_the_line, Delivered(201)) == "accepted"
    (taken,) = town.claim()
    assert (taken.moment, taken.state, taken.handled_by) == ("taken", "taken", "Anh hai")


# --- claiming --------------------------------------------------------------------------------


@pytest.mark.promise("Notifications: Two workers never send the same notification at once.")
def test_two_workers_never_hold_the_same_notification(town: Town) -> None:
    town.officer("hai", phone_count=5)
    town.owe(town.alert())
    first, second = town.claim("w1", limit=3), town.claim("w2")
    assert (len(first), len(second)) == (3, 2)
    assert not {o.notification_id for o in first} & {o.notification_id for o in second}
    assert town.claim("w3") == []


@pytest.mark.promise("Notifications: Two workers never send the same notification at once.")
def test_an_expired_lease_can_be_claimed_by_another(town: Town) -> None:
    town.officer("hai")
    town.owe(town.alert())
    (lost,) = town.claim("dead", lease_s=30)
    town.clock.go_on(29.9)
    assert town.claim("w2") == []
    assert town.next_due() == NOON.plus_s(30).utc_us
    town.clock.go_on(0.1)
    (again,) = town.claim("w2")
    assert again.notification_id == lost.notification_id


@pytest.mark.promise("Hub: Each access to footage passes one check of grants.")
@pytest.mark.promise("Rights: An ended grant stops queued notifications.")
def test_a_grant_that_ends_drops_what_is_queued(town: Town) -> None:
    officer = town.officer("hai")
    town.owe(town.alert())
    town.end_grant(officer)
    assert town.claim() == []
    assert reasons(town) == [("opened", "dropped", "no longer entitled to this camera")]


def test_what_is_dropped_on_the_way_makes_room_for_others(town: Town) -> None:
    gone = town.officer("gone", phone_count=5)
    town.owe(town.alert())
    town.end_grant(gone)
    stays = town.officer("stays", phone_count=3)
    town.clock.go_on(1)
    town.owe(town.alert())
    assert {owed.phone.phone_id for owed in town.claim(limit=3)} == set(stays.phone_ids)


def test_a_first_word_does_not_wait_for_a_clock_that_was_set_back(town: Town) -> None:
    town.officer("hai")
    town.clock.go_on(3600)
    town.owe(town.alert())
    town.clock.go_on(-3600)
    assert len(town.claim()) == 1


def test_one_alert_speaks_to_one_phone_in_order(town: Town) -> None:
    town.officer("hai")
    alert_id = town.alert()
    town.owe(alert_id)
    town.clock.go_on(0.01)
    town.owe(alert_id, "grown")
    (opened,) = town.claim()
    assert opened.moment == "opened"
    assert town.claim() == []
    town.record(opened, Delivered(201))
    assert [owed.moment for owed in town.claim()] == ["grown"]


def test_a_message_that_waits_for_its_retry_does_not_hold_up_the_next(town: Town) -> None:
    town.officer("hai")
    alert_id = town.alert()
    town.owe(alert_id)
    (opened,) = town.claim()
    town.record(opened, TryAgain("503", 503, after_s=60))
    town.owe(alert_id, "grown")
    assert [owed.moment for owed in town.claim()] == ["grown"]


def test_first_words_go_before_growth(town: Town) -> None:
    town.officer("hai")
    old, new = town.alert(), town.alert()
    town.owe(old)
    town.record(town.claim()[0], Delivered(201))
    town.owe(old, "grown")
    town.clock.go_on(1)
    town.owe(new)
    assert [owed.moment for owed in town.claim(limit=1)] == ["opened"]


def test_what_was_not_sent_in_time_is_dead(town: Town) -> None:
    town.officer("hai")
    town.owe(town.alert())
    town.clock.go_on(3600 + 31)
    assert town.claim() == []
    assert reasons(town) == [("opened", "dead", "too late: not sent in time")]


def test_a_claim_tells_the_facts_as_they_are_now(town: Town) -> None:
    town.officer("hai", language="en")
    alert_id = town.alert()
    town.owe(alert_id)
    with town.db.writing() as conn:
        conn.execute(update(alerts).where(alerts.c.id == alert_id).values(people=3, revision=4))
    (owed,) = town.claim()
    assert (owed.people, owed.revision, owed.language) == (3, 4, "en")
    assert (owed.place, owed.camera_label) == ("Ngã tư chợ, Tân Khai", "Cổng chợ")
    assert not owed.has_picture
    assert owed.began == NOON


# --- recording -------------------------------------------------------------------------------


def test_an_accepted_notification_is_accepted_once_and_for_all(town: Town) -> None:
    town.officer("hai")
    town.owe(town.alert())
    (owed,) = town.claim()
    assert town.record(owed, Delivered(201)) == "accepted"
    town.clock.go_on(3000)
    assert town.claim() == []
    assert [(row.answer, row.status) for row in town.attempts()] == [("delivered", 201)]


def test_an_unwanted_notification_is_dropped_without_an_attempt(town: Town) -> None:
    town.officer("hai")
    town.owe(town.alert())
    assert town.record(town.claim()[0], NotNeeded("already handled")) == "dropped"
    assert town.attempts() == []
    assert town.rows()[0].attempts == 0


@pytest.mark.promise("Notifications: A failed notification is tried again and honours Retry-After.")
def test_a_failed_notification_waits_and_honours_retry_after(town: Town) -> None:
    town.officer("hai")
    town.owe(town.alert())
    assert town.record(town.claim()[0], TryAgain("429", 429, after_s=7)) == "queued"
    assert town.claim() == []
    assert town.next_due() == NOON.plus_s(7).utc_us
    town.clock.go_on(7)
    (again,) = town.claim()
    assert again.attempts == 1


@pytest.mark.promise("Notifications: A phone that is gone is retired, and its owner is told.")
def test_a_phone_that_is_gone_is_retired_with_all_it_was_owed(town: Town) -> None:
    officer = town.officer("hai", phone_count=2)
    first, second = town.alert(), town.alert()
    town.owe(first)
    owed = next(o for o in town.claim() if o.phone.phone_id == officer.phone_ids[0])
    town.owe(second)
    assert town.record(owed, Gone("410 from push.test", 410)) == "dead"
    theirs = [row for row in town.rows() if row.phone_id == officer.phone_ids[0]]
    assert {(row.state, row.reason) for row in theirs} == {
        ("dead", "410 from push.test"),
        ("dropped", "phone gone"),
    }
    with town.db.reading() as conn:
        gone = conn.execute(select(phones).where(phones.c.gone_utc_us.is_not(None))).all()
    assert [(row.id, row.gone_reason) for row in gone] == [
        (officer.phone_ids[0], "410 from push.test")
    ]
    assert [o.phone.phone_id for o in town.claim("w2")] == [officer.phone_ids[1]]


def test_what_is_tried_again_does_not_go_to_the_phones_new_owner(town: Town) -> None:
    town.officer("hai")
    ba = town.officer("ba", phone_count=0)
    town.owe(town.alert())
    (owed,) = town.claim()
    moved = NewPhoneRow("webpush", owed.phone.address, "{}", "ba")
    with town.db.writing() as conn:
        put_phone(conn, ba.person_id, moved, now=town.clock.now())
    assert town.record(owed, TryAgain("503", 503), chance=1) == "queued"
    town.clock.go_on(60)
    assert town.claim() == []
    assert reasons(town) == [("opened", "dropped", "phone gone")]


def test_a_refused_message_is_dead_and_its_phone_lives(town: Town) -> None:
    town.officer("hai")
    town.owe(town.alert())
    assert town.record(town.claim()[0], MessageRefused("413 from push.test", 413)) == "dead"
    assert town.owe(town.alert()) == 1


def test_a_late_answer_does_not_disturb_the_next_holder(town: Town) -> None:
    town.officer("hai")
    town.owe(town.alert())
    (slow,) = town.claim("slow", lease_s=30)
    town.clock.go_on(30)
    (quick,) = town.claim("quick")
    assert town.record(slow, TryAgain("timeout")) == "queued"
    assert town.claim("third") == []
    assert town.record(quick, Delivered(201)) == "accepted"
    assert town.record(slow, TryAgain("timeout")) == "accepted"


def test_what_the_phone_shows_needs_no_repeat(town: Town) -> None:
    officer = town.officer("hai")
    stranger = town.officer("ba", phone_count=0)
    town.owe(town.alert())
    (owed,) = town.claim()
    town.record(owed, TryAgain("cut", after_s=1))
    with town.db.writing() as conn:
        assert not receipts.mark_shown(
            conn,
            notification_id=owed.notification_id,
            person_id=stranger.person_id,
            now=NOON.plus_s(0.5),
        )
        for late_s in (0.5, 9):
            assert receipts.mark_shown(
                conn,
                notification_id=owed.notification_id,
                person_id=officer.person_id,
                now=NOON.plus_s(late_s),
            )
        assert receipts.mark_opened(
            conn,
            notification_id=owed.notification_id,
            person_id=officer.person_id,
            now=NOON.plus_s(10),
        )
    row = town.row(owed.notification_id)
    assert (row.state, row.shown_utc_us) == ("accepted", NOON.plus_s(0.5).utc_us)
    assert row.opened_utc_us == NOON.plus_s(10).utc_us
    town.clock.go_on(60)
    assert town.claim() == []


def test_the_ledger_counts_itself(town: Town) -> None:
    town.officer("hai", phone_count=3)
    assert town.counts() == ledger.Counts(0, 0, 0, 0, 0, 0, 0, 0, None)
    town.owe(town.alert())
    first, second, _ = town.claim()
    town.record(first, Delivered(201))
    town.record(second, TryAgain("503", 503), chance=0)
    town.record(town.claim()[0], MessageRefused("413", 413))
    assert town.counts() == ledger.Counts(
        queued=1,
        accepted=1,
        folded=0,
        dropped=0,
        dead=1,
        shown=0,
        opened=0,
        repeats=1,
        oldest_queued_utc_us=NOON.utc_us,
    )


# --- patience, in plain values ---------------------------------------------------------------


@given(
    chances=st.lists(st.floats(0, 1), min_size=400, max_size=400),
    after_s=st.none() | st.floats(0, 5000),
    first_wait_s=st.floats(0.5, 60),
)
def test_retries_stop_at_the_deadline_and_come_no_sooner_than_asked(
    chances: list[float], after_s: float | None, first_wait_s: float
) -> None:
    retry_policy = RetryPolicy(first_wait_s=first_wait_s, longest_wait_s=300, deadline_s=3600)
    now_us = 0
    for attempts, chance in enumerate(chances, start=1):
        step = what_follows(
            TryAgain("503", after_s=after_s),
            attempts=attempts,
            owed_utc_us=0,
            now_utc_us=now_us,
            retry_policy=retry_policy,
            chance=chance,
        )
        if isinstance(step, Settled):
            assert step.state == "dead"
            break
        assert step.due_utc_us <= 3600_000_000
        assert step.due_utc_us >= now_us + round((after_s or 0) * 1e6)
        now_us = step.due_utc_us + 1000  # the sending itself takes a moment


@pytest.mark.parametrize(
    ("attempts", "longest_s"), [(1, 2), (2, 4), (8, 256), (9, 300), (900, 300)]
)
def test_waits_double_up_to_the_longest(attempts: int, longest_s: float) -> None:
    retry_policy = RetryPolicy()
    assert retry_policy.wait_s(attempts=attempts, chance=1.0) == longest_s
    assert retry_policy.wait_s(attempts=attempts, chance=0.0) == 0


def test_what_is_forbidden_again_and_again_is_dead() -> None:
    def after(attempts: int) -> object:
        return what_follows(
            TryAgain("403", 403, most_attempts=4),
            attempts=attempts,
            owed_utc_us=0,
            now_utc_us=0,
            retry_policy=RetryPolicy(),
            chance=0.5,
        )

    assert not isinstance(after(3), Settled)
    assert after(4) == Settled("dead", "403, 4 times")
