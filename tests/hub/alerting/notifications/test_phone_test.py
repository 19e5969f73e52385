"""Test alerts: only to one's own phones, by every channel, settled like a notification."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from hub.alerting.alerts.tables import alerts
from hub.app.clocks import clock_steps
from hub.base.change_signal import ChangeSignal
from hub.nodes.commissioning import alert_test_rows
from hub.nodes.commissioning.alert_test_rows import (
    MOST_AN_HOUR,
    PendingTest,
    SentTest,
    TooManyTestsError,
)
from hub.nodes.commissioning.alert_test_sender import PhoneTest, message_for
from hub.notify import ledger
from hub.notify.channels.port import Message, Phone
from hub.notify.channels.webpush import MOST_PAYLOAD_BYTES, payload
from hub.notify.rules.delivery_result import Answer, Delivered, Gone, MessageRefused, TryAgain
from hub.notify.tables import notifications, phones
from tests.hub.rigs.notify_town import NOON, Town

pytestmark = pytest.mark.promise("Installing: A technician can aim a camera and send a test alert.")

HERE = ZoneInfo("Asia/Ho_Chi_Minh")


@dataclass
class Service:
    """Answers as it is told, and remembers what it was handed."""

    answer: Answer = field(default_factory=lambda: Delivered(201))
    handed: list[tuple[Message, Phone]] = field(default_factory=list)

    async def send(self, message: Message, phone: Phone) -> Answer:
        self.handed.append((message, phone))
        return self.answer


def owe(town: Town, person_id: UUID, *, picture_age_ms: int | None = 400) -> int:
    with town.db.writing() as conn:
        return alert_test_rows.enqueue(
            conn,
            person_id=person_id,
            camera_id=town.camera_id,
            picture_age_ms=picture_age_ms,
            now=town.clock.now(),
        )


def look(town: Town, service: Service) -> int:
    post = PhoneTest(
        db=town.db,
        clock=town.clock,
        change_signal=ChangeSignal(),
        channels={"webpush": service, "ntfy": service},
        zone=HERE,
    )
    return asyncio.run(post.look())


def newest(town: Town, person_id: UUID) -> list[SentTest]:
    with town.db.reading() as conn:
        return alert_test_rows.newest(conn, person_id=person_id, camera_id=town.camera_id)


def mark(town: Town, what: str, test_id: UUID, person_id: UUID) -> bool:
    with town.db.writing() as conn:
        return alert_test_rows.mark(conn, what, test_id, person_id=person_id, now=town.clock.now())


def test_a_test_rings_on_each_phone_of_who_asked_and_on_nobody_elses(town: Town) -> None:
    hai = town.officer(
        "hai",
        addresses=[("webpush", "https://push.test/hai", "{}"), ("ntfy", "https://n.test/h", "{}")],
    )
    town.officer("ba")
    assert owe(town, hai.person_id) == 2
    service = Service()
    assert look(town, service) == 2
    assert {phone.address for _, phone in service.handed} == {
        "https://push.test/hai",
        "https://n.test/h",
    }
    message = service.handed[0][0]
    assert message.title == "THỬ · Ngã tư chợ, Tân Khai"
    assert message.body == "Cổng chợ · 18:06 · đã có hình. Không cần làm gì."
    assert not message.is_silent
    assert message.path == f"/cameras/{town.camera_id}/aim"
    assert [one.state for one in newest(town, hai.person_id)] == ["accepted", "accepted"]
    assert look(town, service) == 0
    with town.db.reading() as conn:
        for table in (alerts, notifications):  # so nothing can count, list or escalate it
            assert conn.scalar(select(func.count()).select_from(table)) == 0


def test_what_the_phone_says_is_noted_once_and_only_of_its_own_person(town: Town) -> None:
    hai, ba = town.officer("hai"), town.officer("ba")
    owe(town, hai.person_id)
    look(town, Service())
    (sent,) = newest(town, hai.person_id)
    assert not mark(town, "shown", sent.test_id, ba.person_id)
    assert mark(town, "shown", sent.test_id, hai.person_id)
    town.clock.go_on(5)
    assert mark(town, "shown", sent.test_id, hai.person_id)
    assert mark(town, "opened", sent.test_id, hai.person_id)
    (sent,) = newest(town, hai.person_id)
    assert (sent.shown_utc_us, sent.opened_utc_us) == (NOON.utc_us, NOON.plus_s(5).utc_us)
    with town.db.reading() as conn:
        assert conn.scalar(select(phones.c.heard_utc_us).where(phones.c.id == hai.phone_ids[0]))


def test_a_phone_that_shows_it_is_worth_more_than_its_services_answer(town: Town) -> None:
    hai = town.officer("hai")
    owe(town, hai.person_id)
    (waiting,) = newest(town, hai.person_id)
    service = Service(TryAgain("no answer within 10 s"))
    look(town, service)
    mark(town, "shown", waiting.test_id, hai.person_id)
    town.clock.go_on(60)
    assert look(town, service) == 0
    assert newest(town, hai.person_id)[0].state == "accepted"


@pytest.mark.parametrize(
    ("answer", "state"),
    [(MessageRefused("403 from push.test"), "dead"), (Gone("410", 410), "dead")],
)
def test_a_refusal_is_said_with_its_reason(town: Town, answer: Answer, state: str) -> None:
    hai = town.officer("hai")
    owe(town, hai.person_id)
    look(town, Service(answer))
    (sent,) = newest(town, hai.person_id)
    assert (sent.state, sent.reason) == (state, answer.reason)  # type: ignore[union-attr]


def test_a_service_that_is_down_is_tried_for_two_minutes_and_no_longer(town: Town) -> None:
    hai = town.officer("hai")
    owe(town, hai.person_id)
    service = Service(TryAgain("503 from push.test", 503))
    for _ in range(10):
        look(town, service)
        town.clock.go_on(30)
    (sent,) = newest(town, hai.person_id)
    assert sent.state == "dead"
    assert sent.attempts == len(service.handed) <= 6


def test_of_one_person_an_hour_has_so_many_and_the_next_hour_as_many_again(town: Town) -> None:
    hai, ba = town.officer("hai"), town.officer("ba")
    for _ in range(MOST_AN_HOUR):
        owe(town, hai.person_id)
        town.clock.go_on(1)
    with pytest.raises(TooManyTestsError):
        owe(town, hai.person_id)
    assert owe(town, ba.person_id) == 1
    town.clock.go_on(3600)
    assert owe(town, hai.person_id) == 1


def test_a_phone_that_is_somebody_elses_by_now_hears_nothing(town: Town) -> None:
    hai, ba = town.officer("hai"), town.officer("ba")
    owe(town, hai.person_id)
    with town.db.writing() as conn:
        conn.execute(phones.update().values(person_id=ba.person_id))
    assert look(town, Service()) == 0


def test_what_a_phone_that_is_gone_was_still_owed_is_said_and_looked_for_no_more(
    town: Town,
) -> None:
    hai = town.officer("hai")
    owe(town, hai.person_id)
    with town.db.writing() as conn:
        ledger.retire_phone(conn, hai.phone_ids[0], reason="removed", now=town.clock.now())
    assert look(town, Service()) == 0
    (sent,) = newest(town, hai.person_id)
    assert (sent.state, sent.reason) == ("dropped", "phone gone")
    with town.db.reading() as conn:
        assert not alert_test_rows.is_any_due(conn, now=town.clock.now())


def test_a_clock_set_back_holds_no_test_up(town: Town) -> None:
    hai = town.officer("hai")
    owe(town, hai.person_id)
    town.clock._now = town.clock.now().plus_s(-86_400)
    with town.db.writing() as conn:
        clock_steps.move(conn, -86_400 * 1_000_000, now=town.clock.now())
    assert look(town, Service()) == 1


def test_the_longest_names_still_fit_the_way_to_any_phone(town: Town) -> None:
    owed = PendingTest(
        test_id=town.camera_id,
        phone=Phone(town.camera_id, "webpush", "", ""),
        camera_id=town.camera_id,
        camera="ữ" * 500,
        place="ữ" * 500,
        has_picture=False,
        language="en",
        owed_utc_us=NOON.utc_us,
        attempts=0,
    )
    message = message_for(owed, HERE)
    assert message.title.startswith("TEST · ")
    assert len(payload(message)) <= MOST_PAYLOAD_BYTES
