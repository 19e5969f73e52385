"""The daily check of phones: who is asked, what an answer means, who learns of silence; on both
databases."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from hub.access.rules.grants import Right
from hub.alerting.notifications import receipts, undelivered
from hub.app.clocks import clock_steps
from hub.notify.channels.port import Message, Phone
from hub.notify.phones import heartbeat_rows
from hub.notify.phones.heartbeat_sender import PhoneCheck
from hub.notify.rules.delivery_result import Answer, Delivered, Gone, MessageRefused, TryAgain
from hub.notify.rules.heartbeat import HEARD_WITHIN_S, CheckBounds, check_day, is_asked, is_silent
from hub.notify.tables import phones
from tests.hub.rigs.notify_town import NOON, Town

pytestmark = pytest.mark.promise("Channels: A daily check finds phones that show nothing.")

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
SIX = CheckBounds(hour=18, zone=HERE, answer_within_s=3600)
"""NOON is 18:06 in Việt Nam."""


@dataclass
class Service:
    """A push service that answers as it is told, and remembers what it was handed."""

    answer: Answer = field(default_factory=lambda: Delivered(201))
    handed: list[tuple[Message, Phone]] = field(default_factory=list)

    async def send(self, message: Message, phone: Phone) -> Answer:
        self.handed.append((message, phone))
        return self.answer


def look(town: Town, service: Service, bounds: CheckBounds = SIX) -> int:
    check = PhoneCheck(db=town.db, clock=town.clock, channel=service, bounds=bounds)
    return asyncio.run(check.look())


def silent(town: Town) -> list[str]:
    with town.db.reading() as conn:
        found = heartbeat_rows.silent_phones(conn, now=town.clock.now())
    return [phone.label for phone in found]


def test_a_phone_that_showed_nothing_for_a_day_is_asked_once_a_day_without_a_sound(
    town: Town,
) -> None:
    town.officer("hai")
    town.officer("ba", addresses=[("ntfy", "https://ntfy.test/ba", "{}")])
    service = Service()
    assert look(town, service) == 1
    (message, phone) = service.handed[0]
    assert (message.is_silent, message.tag, message.path) == (True, "check", "/settings")
    assert message.title == "Điện thoại này nhận được cảnh báo"
    assert phone.address == "https://push.test/hai-0"
    assert look(town, service) == 0
    town.clock.go_on(86_400)
    assert look(town, service) == 1


def test_a_phone_that_lately_showed_an_alert_is_not_asked(town: Town) -> None:
    hai = town.officer("hai")
    town.owe(town.alert())
    (owed,) = town.claim()
    town.record(owed, Delivered(201))
    with town.db.writing() as conn:
        receipts.mark_shown(
            conn,
            notification_id=owed.notification_id,
            person_id=hai.person_id,
            now=town.clock.now(),
        )
    assert look(town, Service()) == 0


def test_a_phone_that_lets_the_time_go_by_is_silent_until_it_answers(town: Town) -> None:
    hai, ba = town.officer("hai"), town.officer("ba")
    service = Service()
    look(town, service)
    asked = {phone.phone_id: message.notification_id for message, phone in service.handed}
    with town.db.writing() as conn:
        assert heartbeat_rows.answered(
            conn, asked[ba.phone_ids[0]], person_id=ba.person_id, now=town.clock.now()
        )
        assert not heartbeat_rows.answered(
            conn, asked[hai.phone_ids[0]], person_id=ba.person_id, now=town.clock.now()
        )
    assert silent(town) == []
    town.clock.go_on(3601)
    assert silent(town) == ["hai"]
    with town.db.writing() as conn:  # it was only without a line
        heartbeat_rows.answered(
            conn, asked[hai.phone_ids[0]], person_id=hai.person_id, now=town.clock.now()
        )
    assert silent(town) == []


def test_a_service_that_is_down_is_asked_again_and_the_phone_counts_as_silent(town: Town) -> None:
    town.officer("hai")
    service = Service(TryAgain("503", 503, after_s=600))
    assert look(town, service) == 1
    assert look(town, service) == 0
    town.clock.go_on(601)
    assert look(town, service) == 1
    town.clock.go_on(3600)
    assert look(town, service) == 0
    with town.db.reading() as conn:
        (found,) = heartbeat_rows.silent_phones(conn, now=town.clock.now())
    assert not found.was_taken


def test_a_phone_that_is_gone_is_retired_and_one_that_refuses_is_silent(town: Town) -> None:
    town.officer("hai")
    look(town, Service(Gone("410", 410)))
    town.clock.go_on(3601)
    assert silent(town) == []
    with town.db.reading() as conn:
        assert conn.scalar(select(phones.c.gone_reason)) == "410"
    town.officer("ba")
    look(town, Service(MessageRefused("400", 400)))
    town.clock.go_on(3601)
    assert silent(town) == ["ba"]


def test_the_keeper_of_their_cameras_hears_of_silent_phones_and_no_other(town: Town) -> None:
    town.officer("hai")
    keeper = town.officer("kim", rights=Right.MANAGE, phone_count=0)
    other = town.officer("tu", rights=Right.SEE, phone_count=0)
    look(town, Service())
    town.clock.go_on(3601)
    with town.db.reading() as conn:
        found = undelivered.undelivered(conn, keeper.person_id, town.clock.now())
        assert [phone.person_name for phone in found.silent] == ["Anh hai"]
        assert undelivered.undelivered(conn, other.person_id, town.clock.now()).silent == []


def test_a_step_of_the_hubs_clock_makes_no_phone_silent(town: Town) -> None:
    town.officer("hai")
    look(town, Service())
    with town.db.writing() as conn:
        clock_steps.move(conn, 7200 * 1_000_000, now=town.clock.now())
    town.clock.go_on(7200 + 60)
    assert silent(town) == []


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=HERE).timestamp() * 1e6)


def test_a_day_has_its_check_from_the_hour_on_and_not_in_the_night() -> None:
    def day(text: str, hour: int = 9) -> str:
        bounds = CheckBounds(hour=hour, zone=HERE, answer_within_s=3600)
        return str(check_day(at(text), bounds) or "")

    assert day("2026-11-25 08:59") == ""
    assert day("2026-11-25 09:00") == "2026-11-25"
    assert day("2026-11-25 16:59") == "2026-11-25"
    assert day("2026-11-25 17:00") == ""
    assert day("2026-11-26 01:00", hour=22) == "2026-11-25"


@given(span_s=st.integers(0, 200_000), answer_s=st.integers(-200_000, 200_000))
def test_whoever_answered_after_the_question_is_never_silent(span_s: int, answer_s: int) -> None:
    asked, now = NOON.utc_us, NOON.utc_us + span_s * 1_000_000
    heard = asked + answer_s * 1_000_000
    found = is_silent(heard, asked_utc_us=asked, answer_by_utc_us=asked + 1, now_utc_us=now)
    assert found == (answer_s < 0 and span_s > 0)
    assert is_asked(None, now)
    assert not is_asked(now - round(HEARD_WITHIN_S * 1e6), now)
