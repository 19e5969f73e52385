"""Sends public notices: each message of each notice to each channel of its area."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from hub.base.change_signal import ChangeSignal
from hub.base.clock.clock import Clock
from hub.base.db.database import Database
from hub.base.periodic import go_round
from hub.notify.channels.port import Channel, Message
from hub.notify.delivery.fan_out import LEASE_S, carry_each, send_by
from hub.notify.i18n import phrases
from hub.notify.rules.delivery_result import Answer, RetryPolicy
from hub.public.notices import rows
from hub.public.notices.rows import PendingNotice

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 15.0
PACE_S: Final = 1.0
"""Least pause between looks: a burst of alerts sets the same signal."""
RETRY_POLICY: Final = RetryPolicy(first_wait_s=10.0)
LANGUAGE: Final = "vi"
"""A group chat has no language of its own; the town's is used."""

_dice = secrets.SystemRandom()


class NoticePost:
    """One task of the hub; several hubs on one database send nothing twice."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        change_signal: ChangeSignal,
        channels: Mapping[str, Channel],
    ) -> None:
        self._db = db
        self._clock = clock
        self._change_signal = change_signal
        self._channels = channels

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Run until `stop`; an unreachable database is tried again."""
        await go_round(
            self.look,
            stop,
            beat=beat,
            blind="notice_post.blind",
            every_s=LOOK_EVERY_S,
            change_signal=self._change_signal,
            pace_s=PACE_S,
        )

    async def look(self) -> int:
        """Send due notices; returns the number of attempts."""
        owed = await asyncio.to_thread(self._claim)
        await carry_each(owed, send=self._send, record=self._record)
        return len(owed)

    def _claim(self) -> list[PendingNotice]:
        with self._db.reading() as conn:
            if not rows.is_any_due(conn, now=self._clock.now()):
                return []
        with self._db.writing() as conn:
            return rows.claim(conn, lease_s=LEASE_S, now=self._clock.now())

    async def _send(self, owed: PendingNotice) -> Answer:
        return await send_by(self._channels, message_for(owed), owed.way)

    def _record(self, owed: PendingNotice, answer: Answer) -> None:
        now, chance = self._clock.now(), _dice.random()
        with self._db.writing() as conn:
            state = rows.record(
                conn, owed, answer, retry_policy=RETRY_POLICY, chance=chance, now=now
            )
        log.info("notice_post.carried", channel=owed.way.channel, word=owed.word, state=state)


def message_for(owed: PendingNotice) -> Message:
    """The notice, or its withdrawal; picture and voice are behind the link."""
    words = phrases(LANGUAGE)
    is_withdrawn = owed.word == "withdrawn"
    title = words.say("Withdrawn: {title}").format(title=owed.title) if is_withdrawn else owed.title
    body = words.say("This notice no longer holds.") if is_withdrawn else owed.text
    return Message(
        notification_id=owed.sending_id,
        alert_id=owed.notice_id,
        revision=0,
        moment="notice",
        title=title,
        body=body,
        language=LANGUAGE,
        take_label="",
        open_label="",
        useful_s=86_400,
    )
