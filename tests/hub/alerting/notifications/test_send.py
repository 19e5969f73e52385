"""The steps of one notification, with a fake channel and a fake ledger."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.alerting.notifications.pending import PendingNotification
from hub.alerting.notifications.send import Sender
from hub.base.moment import Moment
from hub.notify.channels.port import Message, Phone
from hub.notify.rules.delivery_result import Answer, Delivered, MessageRefused, NotNeeded, TryAgain
from tests.hub.rigs.notify_samples import owed, phone
from tests.hub.rigs.notify_town import NOON, VirtualClock


@dataclass
class FakeChannel:
    """Answers as told, after as long as told; None is never."""

    clock: VirtualClock
    answer: Answer | None = field(default_factory=lambda: Delivered(201))
    takes_s: float = 0.25
    sent: list[tuple[Message, Phone]] = field(default_factory=list)

    async def send(self, message: Message, phone: Phone) -> Answer:
        self.sent.append((message, phone))
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        self.clock.go_on(self.takes_s)
        return self.answer


@dataclass
class FakeBook:
    entries: list[tuple[PendingNotification, Answer, Moment, Moment]] = field(default_factory=list)

    async def record(
        self, owed: PendingNotification, answer: Answer, *, started: Moment, ended: Moment
    ) -> str:
        self.entries.append((owed, answer, started, ended))
        return "written"


class Walk:
    def __init__(self, **channel: Any) -> None:
        self.clock = VirtualClock()
        self.channel = FakeChannel(self.clock, **channel)
        self.book = FakeBook()
        self.sender = Sender(
            channels={"webpush": self.channel},
            recorder=self.book,
            clock=self.clock,
            zone=ZoneInfo("Asia/Ho_Chi_Minh"),
            deadline_s=0.05,
        )

    def send(self, **facts: Any) -> Answer:
        assert asyncio.run(self.sender.send(owed(**facts))) == "written"
        ((_, answer, _, _),) = self.book.entries
        return answer


def test_a_wanted_notification_is_said_sent_and_written_down() -> None:
    walk = Walk()
    assert walk.send() == Delivered(201)
    ((message, to),) = walk.channel.sent
    assert (message.title, to) == ("Có người · Ngã tư chợ, Tân Khai", phone())
    assert walk.book.entries[0][2:] == (NOON, NOON.plus_s(0.25))


@pytest.mark.parametrize("moment", ["opened", "grown"])
@pytest.mark.parametrize("state", ["taken", "resolved", "false_alarm"])
def test_an_alert_in_hand_wakes_nobody_else(moment: str, state: str) -> None:
    walk = Walk()
    assert walk.send(moment=moment, state=state) == NotNeeded("already handled")
    assert walk.channel.sent == []


def test_that_it_is_taken_goes_out_silently() -> None:
    walk = Walk()
    walk.send(moment="taken", state="taken", handled_by="Chị Ba")
    assert walk.channel.sent[0][0].is_silent


def test_that_it_is_taken_is_not_said_once_it_is_open_again() -> None:
    walk = Walk()
    assert walk.send(moment="taken", state="open") == NotNeeded("open again")


def test_a_channel_that_hangs_is_given_up_at_the_deadline() -> None:
    walk = Walk(answer=None)
    assert walk.send() == TryAgain("no answer within 0.05 s")


def test_a_phone_of_a_channel_this_hub_lacks_is_refused() -> None:
    walk = Walk()
    answer = walk.send(phone=phone(channel="pigeon"))
    assert answer == MessageRefused("this hub has no channel pigeon")
