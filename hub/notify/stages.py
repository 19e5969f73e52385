"""The walk of one notification, from owed to recorded.

A notification is one alert to one phone. The worker hands over those that are due, each with the
facts of its alert as they are now, and four stages follow:

1. Is it still wanted? An alert that somebody has in hand wakes nobody else.
2. Say it, in the language of the officer whose phone it is.
3. Send it by the phone's channel, and wait no longer than the deadline.
4. Write down what came of it. Until this is done the ledger keeps owing: a hub that dies between
   sending and writing sends once more, under the same tag, and the phone shows one entry.

What follows from an answer (again later, never again, this phone is gone) is not decided here but
in `hub.alerts.answers`, which knows no phones; and who is owed what in `hub.store.ledger`.
"""

from collections.abc import Mapping
from typing import Protocol
from zoneinfo import ZoneInfo

from hub.alerts.answers import Answer, Unwanted
from hub.alerts.moment import Moment
from hub.notify.channel import Channel
from hub.notify.hands import DEADLINE_S, send_by
from hub.notify.text import message_for
from hub.store.clock import Clock
from hub.store.owed import Owed


class Book(Protocol):
    """Where answers are written down for good."""

    async def record(self, owed: Owed, answer: Answer, *, started: Moment, ended: Moment) -> str:
        """Returns the notification's state once it is durable: queued, accepted, dropped, dead."""
        ...


class Stages:
    """Carries notifications; holds nothing between two of them, so many may be under way."""

    def __init__(
        self,
        *,
        channels: Mapping[str, Channel],
        book: Book,
        clock: Clock,
        zone: ZoneInfo,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._channels = channels
        self._book = book
        self._clock = clock
        self._zone = zone
        self._deadline_s = deadline_s

    async def carry(self, owed: Owed) -> str:
        """Carry one notification to its phone; returns the state it is in afterwards."""
        started = self._clock.now()
        answer = await self._answer(owed)
        return await self._book.record(owed, answer, started=started, ended=self._clock.now())

    async def _answer(self, owed: Owed) -> Answer:
        if reason := why_unwanted(owed):
            return Unwanted(reason)
        message = message_for(owed, self._zone)
        return await send_by(self._channels, message, owed.phone, deadline_s=self._deadline_s)


def why_unwanted(owed: Owed) -> str | None:
    """Why nobody needs to hear this any more; None if they do.

    That an alert is taken is news only while it is; that it is open, only while it is.
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
