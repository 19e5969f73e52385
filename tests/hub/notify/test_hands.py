"""Messages outside alerts: each gets its own result, whatever happens to the others."""

import asyncio
from uuid import uuid4

import pytest
import structlog

from hub.nodes.commissioning import alert_test_rows
from hub.notify.channels.json_post import number
from hub.notify.channels.port import Message, Phone
from hub.notify.channels.post import new_client, post
from hub.notify.channels.reach import ANY
from hub.notify.delivery.fan_out import (
    DEADLINE_S,
    HANDS,
    LEASE_S,
    OUR_FAULT_ATTEMPTS,
    carry_each,
    our_fault,
    send_by,
)
from hub.notify.phones import heartbeat_rows
from hub.notify.rules.delivery_result import Answer, Delivered, MessageRefused, TryAgain
from hub.public.households.telling import teller
from hub.public.notices import rows as notices_rows

PHONE = Phone(uuid4(), "webpush", "https://push.test/hai", "{}")
MESSAGE = Message(
    notification_id=uuid4(), alert_id=uuid4(), revision=0, moment="test", title="t", body="b",
    language="vi", take_label="", open_label="", useful_s=60,
)  # fmt: skip


def carried(owed: list[str], broken: set[str], unwritable: frozenset[str] = frozenset()):
    written: dict[str, Answer] = {}

    async def send(one: str) -> Answer:
        if one in broken:
            raise KeyError(one)
        await asyncio.sleep(0)
        return Delivered(201)

    def record(one: str, answer: Answer) -> None:
        if one in unwritable:
            raise OSError(one)
        written[one] = answer

    with structlog.testing.capture_logs():
        fault = None
        try:
            asyncio.run(carry_each(owed, send=send, record=record))
        except OSError as error:
            fault = error
    return written, fault


def test_what_trips_over_our_own_code_takes_no_other_along_and_is_not_tried_for_ever() -> None:
    written, fault = carried(["a", "bad", "c", "d", "e", "f"], {"bad"})
    assert fault is None
    assert {one for one, answer in written.items() if answer == Delivered(201)} == set("acdef")
    assert written["bad"] == our_fault(KeyError("bad"))
    assert written["bad"].most_attempts == OUR_FAULT_ATTEMPTS


def test_an_answer_that_cannot_be_written_is_told_once_the_others_are() -> None:
    written, fault = carried(["a", "lost", "c"], set(), frozenset({"lost"}))
    assert set(written) == {"a", "c"}
    assert str(fault) == "lost"


def test_no_more_hands_than_there_are_send_at_once() -> None:
    busy = most = 0

    async def send(_: int) -> Answer:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        return Delivered(201)

    asyncio.run(carry_each(range(5 * HANDS), send=send, record=lambda _one, _answer: None))
    assert most == HANDS


@pytest.mark.parametrize("rows", [notices_rows, heartbeat_rows, alert_test_rows])
def test_a_lease_outlasts_all_that_is_leased_at_once(rows: object) -> None:
    at_once: int = rows.MOST_AT_ONCE  # type: ignore[attr-defined]
    assert at_once / HANDS * DEADLINE_S < LEASE_S


def test_a_channel_that_is_none_is_a_refusal_and_silence_is_tried_again() -> None:
    class Silent:
        async def send(self, message: Message, phone: Phone) -> Answer:
            await asyncio.Event().wait()
            raise AssertionError

    async def asked() -> tuple[Answer, Answer]:
        silent = await send_by({"webpush": Silent()}, MESSAGE, PHONE, deadline_s=0.01)
        return silent, await send_by({}, MESSAGE, PHONE)

    silent, unknown = asyncio.run(asked())
    assert silent == TryAgain("no answer within 0.01 s")
    assert unknown == MessageRefused("this hub has no channel webpush")


def test_a_household_whose_channel_breaks_is_told_by_hand_and_its_link_is_not_lost() -> None:
    class Broken:
        async def send(self, message: Message, phone: Phone) -> Answer:
            raise KeyError("to")

    async def told(channel: str) -> str:
        return await teller({"sms": Broken()})(channel, "0909", "t", "b", "/give/x")

    with structlog.testing.capture_logs():
        assert asyncio.run(told("sms")) == "fault of the hub: KeyError"
    assert asyncio.run(told("zalo")) == "this hub has no channel zalo"


@pytest.mark.parametrize("address", ["https://push.test/a\x01b", "https://push.test:99999/", "x"])
def test_an_address_that_nothing_can_be_sent_to_is_refused_and_breaks_nothing(
    address: str,
) -> None:
    async def posted() -> Answer:
        async with new_client(private=ANY) as client:
            return await post(client, address, body=b"", headers={})

    assert isinstance(asyncio.run(posted()), MessageRefused)


def test_a_number_beyond_all_bounds_in_a_services_answer_is_none() -> None:
    assert number({"expires_in": float("inf")}, "expires_in", 7) == 7
