"""Send path of one notification, from pending to recorded.

A notification is one alert to one phone. The worker passes the due ones, with the present facts of
their alerts. Four steps follow:

1. Is it still needed? An alert that an officer has taken rings for nobody else. 2. Write the text
in the language of the phone's owner. 3. Send it by the phone's channel, with a deadline. 4. Record
the result. Until then the ledger keeps it pending: a hub that dies between sending and
   recording sends once more with the same tag, and the phone shows one entry.

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
    """Durable store of answers."""

    async def record(
        self, owed: PendingNotification, answer: Answer, *, started: Moment, ended: Moment
    ) -> str:
        """Returns the notification's state once it is durable: queued, accepted, dropped, dead."""
        ...


class Sender:
    """Sends notifications; has no state of its own, so many can run at once."""

    def __init__(
        self,
        *,
        channels: Mapping[str, Channel],
        book: DeliveryStore,
        clock: Clock,
        zone: ZoneInfo,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._channels = channels
        self._book = book
        self._clock = clock
        self._zone = zone
        self._deadline_s = deadline_s

    async def carry(self, owed: PendingNotification) -> str:
        """Send one notification to its phone; returns its state afterwards."""
        started = self._clock.now()
        answer = await self._answer(owed)
        return await self._book.record(owed, answer, started=started, ended=self._clock.now())

    async def _answer(self, owed: PendingNotification) -> Answer:
        if reason := why_unwanted(owed):
            return NotNeeded(reason)
        message = message_for(owed, self._zone)
        return await send_by(self._channels, message, owed.phone, deadline_s=self._deadline_s)


def why_unwanted(owed: PendingNotification) -> str | None:
    """Why nobody needs this any more; None if it is needed.

    "Taken" is news only while the alert is taken; "open" only while it is open.
    """
    if owed.digest is not None:
        return None
    is_open = owed.state == "open"
    match owed.moment:
        case "opened" | "grown" | "raised" | "again":
            return None if is_open else "already handled"
        case "handed":
            return None if owed.state == "taken" else "already handled"
        case "taken" | "back":
            return "open again" if is_open else None
