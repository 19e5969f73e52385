"""Sends one notification and records the result.

A notification is one alert to one phone. The worker passes each due notification with the current
facts of its alert. Four steps follow:

1. Is it still needed? An alert that an officer has taken rings for nobody else.
2. Write the text in the language of the phone's owner.
3. Send it by the phone's channel, with a deadline.
4. Record the result. Until then the notification stays pending: a hub that dies between sending
   and recording sends again with the same tag, and the phone shows one entry.

`hub.notify.rules.delivery_result` decides what follows from an answer (retry, give up, phone gone);
`hub.alerting.notifications.recipients` decides who gets which notification.
"""

from collections.abc import Mapping
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.alerting.notifications.pending import PendingNotification
from hub.alerting.notifications.text import message_for
from hub.base.clock.clock import Clock
from hub.base.moment import Moment
from hub.notify.channels.port import Channel
from hub.notify.delivery.fan_out import DEADLINE_S, send_by
from hub.notify.rules.delivery_result import Answer, NotNeeded


class DeliveryStore(Protocol):
    """Stores the answers of push services durably."""

    async def record(
        self, pending: PendingNotification, answer: Answer, *, started: Moment, ended: Moment
    ) -> str:
        """Record the answer; returns the notification's state once it is durable: queued, accepted,
        dropped, dead."""
        ...


class Sender:
    """Sends notifications; has no state of its own, so many can run at once."""

    def __init__(
        self,
        *,
        channels: Mapping[str, Channel],
        recorder: DeliveryStore,
        clock: Clock,
        zone: ZoneInfo,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._channels = channels
        self._recorder = recorder
        self._clock = clock
        self._zone = zone
        self._deadline_s = deadline_s

    async def send(self, pending: PendingNotification) -> str:
        """Send one notification to its phone; returns its state afterwards."""
        started = self._clock.now()
        answer = await self._answer(pending)
        return await self._recorder.record(
            pending, answer, started=started, ended=self._clock.now()
        )

    async def _answer(self, pending: PendingNotification) -> Answer:
        if reason := why_not_needed(pending):
            return NotNeeded(reason)
        message = message_for(pending, self._zone)
        return await send_by(self._channels, message, pending.phone, deadline_s=self._deadline_s)


def why_not_needed(pending: PendingNotification) -> str | None:
    """Why this notification is needed no more; None if it is needed.

    A digest is always sent. "opened", "grown", "raised" and "again" are needed while the alert is
    open, "handed" while it is taken, "taken" and "back" unless it is open again.
    """
    if pending.digest is not None:
        return None
    is_open = pending.state == "open"
    match pending.moment:
        case "opened" | "grown" | "raised" | "again":
            return None if is_open else "already handled"
        case "handed":
            return None if pending.state == "taken" else "already handled"
        case "taken" | "back":
            return "open again" if is_open else None
