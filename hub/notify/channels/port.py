"""Port of every channel: send one message to one phone, return an answer.

`hub.notify.rules.delivery_result` decides what an answer means for the ledger; its types are
exported here too.
"""

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from hub.notify.rules.delivery_result import Answer, Delivered, Gone, MessageRefused, TryAgain
from hub.notify.views import AlertMoment, Phone

__all__ = [
    "Answer",
    "Channel",
    "Delivered",
    "Gone",
    "Message",
    "MessageRefused",
    "Phone",
    "TryAgain",
]


@dataclass(frozen=True)
class Message:
    """Content for a phone in its owner's language: kind, place, time, count, nothing else."""

    notification_id: UUID
    alert_id: UUID
    revision: int  # of the alert; a phone shows no older one over a newer one
    # A heartbeat check; a notice to people.
    moment: AlertMoment | Literal["check", "notice", "test"]
    title: str
    body: str
    language: str  # vi, en
    take_label: str  # the two buttons, where a phone has them; empty: nothing to take
    open_label: str
    useful_s: int  # a phone that is off for longer need not be told
    is_digest: bool = False  # it covers many alerts
    own_path: str = ""  # another page than the moment's: a household's link

    @property
    def tag(self) -> str:
        """Tag of the message: the same for one alert all its life, so that its messages replace one
        another."""
        if self.moment == "check":
            return "check"
        if self.moment == "test":
            return self.notification_id.hex
        return "digest" if self.is_digest else self.alert_id.hex

    @property
    def path(self) -> str:
        """Page of the alert, or the inbox for a digest, below the hub's public address."""
        if self.own_path:
            return self.own_path
        if self.moment == "check":
            return "/settings"
        if self.moment == "test":
            return f"/cameras/{self.alert_id}/aim"
        if self.moment == "notice":
            return f"/public/{self.alert_id}"
        return "/" if self.is_digest else f"/alerts/{self.alert_id}"

    @property
    def is_silent(self) -> bool:
        """True if the message only replaces the entry on the screen, without sound."""
        return self.moment in ("taken", "back", "check")


class Channel(Protocol):
    """A way to reach phones. A transient fault is an answer, never an exception."""

    async def send(self, message: Message, phone: Phone) -> Answer:
        """Send once. The caller sets the deadline and cancels the call after it."""
        ...
