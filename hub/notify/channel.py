"""The port every channel serves: take one message to one phone, come back with an answer.

What the answers mean for the ledger is decided in `hub.alerts.answers`; they are named here too
because a channel is made of them.
"""

from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from hub.alerts.answers import Answer, Delivered, Gone, Refused, TryAgain
from hub.store.ledger import AlertMoment
from hub.store.owed import Phone

__all__ = ["Answer", "Channel", "Delivered", "Gone", "Message", "Phone", "Refused", "TryAgain"]


@dataclass(frozen=True)
class Message:
    """What a phone is to show, in its owner's language: kind, place, time, count, nothing else."""

    notification_id: UUID
    alert_id: UUID
    revision: int  # of the alert; a phone shows no older one over a newer one
    moment: AlertMoment | Literal["check", "notice", "test"]  # a sign of life; a notice to people
    title: str
    body: str
    language: str  # vi, en
    take_label: str  # the two buttons, where a phone has them
    open_label: str
    useful_s: int  # a phone that is off for longer need not hear of it
    is_digest: bool = False  # it tells of many alerts together
    own_path: str = ""  # another page than that of the moment: a household's link

    @property
    def tag(self) -> str:
        """The same for one alert all its life, so that its messages replace one another."""
        if self.moment == "check":
            return "check"
        if self.moment == "test":
            return self.notification_id.hex
        return "digest" if self.is_digest else self.alert_id.hex

    @property
    def path(self) -> str:
        """The page of the alert, or the inbox for many, below the hub's public address."""
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
        """It only replaces what is on the screen; nobody needs to be woken."""
        return self.moment in ("taken", "back", "check")


class Channel(Protocol):
    """One means to reach phones. Transient trouble is an answer, never an exception."""

    async def send(self, message: Message, phone: Phone) -> Answer:
        """Send once. The caller sets the deadline and cancels the call when it passes."""
        ...
