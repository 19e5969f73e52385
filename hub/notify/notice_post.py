"""Notices to people on their way: each word of each notice to each way of its area."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from hub.alerts.answers import Answer, Patience, Refused, TryAgain
from hub.notify.channel import Channel, Message
from hub.notify.phrases import phrases
from hub.notify.rounds import go_round
from hub.store import notice_rows
from hub.store.bell import Bell
from hub.store.clock import Clock
from hub.store.database import Database
from hub.store.notice_rows import OwedNotice

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 15.0
PACE_S: Final = 1.0
"""A storm of alerts rings the same bell."""
LEASE_S: Final = 60.0
DEADLINE_S: Final = 10.0
HANDS: Final = 4
"""Alerts have hands of their own."""
PATIENCE: Final = Patience(first_wait_s=10.0)
LANGUAGE: Final = "vi"
"""A group has no language of its own; the town's is spoken."""

_dice = secrets.SystemRandom()


class NoticePost:
    """One task of the hub; several hubs on one database tell nobody twice."""

    def __init__(
        self, *, db: Database, clock: Clock, bell: Bell, channels: Mapping[str, Channel]
    ) -> None:
        self._db = db
        self._clock = clock
        self._bell = bell
        self._channels = channels

    async def run(self, stop: asyncio.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`; a database that is away comes back."""
        await go_round(
            self.look,
            stop,
            beat=beat,
            blind="notice_post.blind",
            every_s=LOOK_EVERY_S,
            bell=self._bell,
            pace_s=PACE_S,
        )

    async def look(self) -> int:
        """Send what is due; how many were tried."""
        owed = await asyncio.to_thread(self._claim)
        turn = asyncio.Semaphore(HANDS)

        async def carry(one: OwedNotice) -> None:
            async with turn:
                answer = await self._send(one)
            state = await asyncio.to_thread(self._record, one, answer)
            log.info("notice_post.carried", channel=one.way.channel, word=one.word, state=state)

        async with asyncio.TaskGroup() as group:
            for one in owed:
                group.create_task(carry(one))
        return len(owed)

    def _claim(self) -> list[OwedNotice]:
        with self._db.reading() as conn:
            if not notice_rows.is_any_due(conn, now=self._clock.now()):
                return []
        with self._db.writing() as conn:
            return notice_rows.claim(conn, lease_s=LEASE_S, now=self._clock.now())

    async def _send(self, owed: OwedNotice) -> Answer:
        channel = self._channels.get(owed.way.channel)
        if channel is None:
            return Refused(f"this hub has no channel {owed.way.channel}")
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await channel.send(message_for(owed), owed.way)
        except TimeoutError:
            return TryAgain(f"no answer within {DEADLINE_S:g} s")

    def _record(self, owed: OwedNotice, answer: Answer) -> str:
        with self._db.writing() as conn:
            return notice_rows.record(
                conn,
                owed,
                answer,
                patience=PATIENCE,
                chance=_dice.random(),
                now=self._clock.now(),
            )


def message_for(owed: OwedNotice) -> Message:
    """The notice, or the word that it is withdrawn; picture and voice are behind the link."""
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
