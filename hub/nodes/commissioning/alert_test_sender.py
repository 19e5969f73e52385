"""Sends test alerts as soon as somebody asks, to each of their own phones."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.periodic import go_round
from hub.nodes.commissioning import alert_test_rows
from hub.nodes.commissioning.alert_test_rows import PendingTest
from hub.notify.channels.port import Channel, Message
from hub.notify.delivery.fan_out import LEASE_S, carry_each, send_by
from hub.notify.i18n import phrases, short
from hub.notify.rules.delivery_result import Answer, RetryPolicy

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 5.0
PACE_S: Final = 0.5
"""Least pause between looks: a burst of alerts sets the same signal."""
RETRY_POLICY: Final = RetryPolicy(first_wait_s=5.0, longest_wait_s=20.0, deadline_s=120.0)
"""Somebody on a ladder waits: after two minutes the test counts as failed."""

_dice = secrets.SystemRandom()


class PhoneTest:
    """One task of the hub; several hubs on one database send none twice."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        change_signal: ChangeSignal,
        channels: Mapping[str, Channel],
        zone: ZoneInfo,
    ) -> None:
        self._db = db
        self._clock = clock
        self._change_signal = change_signal
        self._channels = channels
        self._zone = zone

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; an unreachable database is tried again."""
        await go_round(
            self.look,
            stop,
            beat=beat,
            blind="phone_test.blind",
            every_s=LOOK_EVERY_S,
            change_signal=self._change_signal,
            pace_s=PACE_S,
        )

    async def look(self) -> int:
        """Send due tests; returns the number of attempts."""
        owed = await asyncio.to_thread(self._claim)
        await carry_each(owed, send=self._send, record=self._record)
        return len(owed)

    def _claim(self) -> list[PendingTest]:
        with self._db.reading() as conn:
            if not alert_test_rows.is_any_due(conn, now=self._clock.now()):
                return []
        with self._db.writing() as conn:
            return alert_test_rows.claim(conn, lease_s=LEASE_S, now=self._clock.now())

    async def _send(self, owed: PendingTest) -> Answer:
        return await send_by(self._channels, message_for(owed, self._zone), owed.phone)

    def _record(self, owed: PendingTest, answer: Answer) -> None:
        now, chance = self._clock.now(), _dice.random()
        with self._db.writing() as conn:
            state = alert_test_rows.record(
                conn, owed, answer, retry_policy=RETRY_POLICY, chance=chance, now=now
            )
        log.info("phone_test.carried", channel=owed.phone.channel, state=state)


def message_for(owed: PendingTest, zone: ZoneInfo) -> Message:
    """The test in its receiver's language, clearly not an alert."""
    words = phrases(owed.language)
    asked = datetime.fromtimestamp(owed.owed_utc_us / 1e6, UTC).astimezone(zone)
    body = (
        words.say("{camera} · {time} · its picture came in. Nothing to do.")
        if owed.has_picture
        else words.say("{camera} · {time} · no picture came from it. Nothing to do.")
    )
    return Message(
        notification_id=owed.test_id,
        alert_id=owed.camera_id,  # there is no alert: its page is the camera's
        revision=0,
        moment="test",
        title=short(words.say("TEST · {place}").format(place=owed.place)),
        body=short(body.format(camera=owed.camera, time=f"{asked:%H:%M}")),
        language=words.language,
        take_label="",
        open_label=words.say("View"),
        useful_s=round(RETRY_POLICY.deadline_s),
    )
