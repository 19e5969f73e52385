"""Daily heartbeat: a quiet push that a phone answers, so that a dead phone is found in time.

Browsers revoke the permission of a site that pushes without showing anything. So this shows an
entry without sound, replaced by the next one, only on phones that showed nothing for a day.
"""

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import structlog

from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.periodic import go_round
from hub.notify.channels.port import Channel, Message
from hub.notify.delivery.fan_out import LEASE_S, carry_each, send_by
from hub.notify.i18n import phrases
from hub.notify.phones import heartbeat_rows
from hub.notify.phones.heartbeat_rows import Check
from hub.notify.rules.delivery_result import Answer, RetryPolicy
from hub.notify.rules.heartbeat import CheckBounds

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 60.0

_dice = secrets.SystemRandom()


class PhoneCheck:
    """One task of the hub; several hubs on one database ask nobody twice."""

    def __init__(
        self, *, db: Database, clock: Clock, channel: Channel, bounds: CheckBounds
    ) -> None:
        self._db = db
        self._clock = clock
        self._channel = channel
        self._bounds = bounds
        self._retry_policy = RetryPolicy(first_wait_s=60.0, deadline_s=bounds.answer_within_s)

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; an unreachable database is tried again."""
        await go_round(self.look, stop, beat=beat, blind="phone_check.blind", every_s=LOOK_EVERY_S)

    async def look(self) -> int:
        """Create due checks and send them; returns the number sent."""
        due = await asyncio.to_thread(self._due)
        await carry_each(due, send=self._send, record=self._record)
        if due:
            log.info("phone_check.asked", phones=len(due))
        return len(due)

    def _due(self) -> list[Check]:
        with self._db.writing() as conn:
            now = self._clock.now()
            heartbeat_rows.ask(conn, self._bounds, now=now)
            return heartbeat_rows.claim(conn, lease_s=LEASE_S, now=now)

    async def _send(self, check: Check) -> Answer:
        channels = {check.phone.channel: self._channel}
        return await send_by(channels, self._message(check), check.phone)

    def _message(self, check: Check) -> Message:
        words = phrases(check.language)
        asked = datetime.fromtimestamp(check.asked_utc_us / 1e6, UTC)
        at = f"{asked.astimezone(self._bounds.zone):%H:%M}"
        return Message(
            notification_id=check.check_id,
            alert_id=check.check_id,
            revision=0,
            moment="check",
            title=words.say("This phone receives alerts"),
            body=words.say("Daily check at {time}. Nothing to do.").format(time=at),
            language=words.language,
            take_label=words.say("I have it"),
            open_label=words.say("View"),
            useful_s=round(self._bounds.answer_within_s),
        )

    def _record(self, check: Check, answer: Answer) -> None:
        now, chance = self._clock.now(), _dice.random()
        with self._db.writing() as conn:
            heartbeat_rows.record(
                conn, check, answer, retry_policy=self._retry_policy, chance=chance, now=now
            )
