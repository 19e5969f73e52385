"""Read models of phones and of their notifications."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID


@dataclass(frozen=True, slots=True)
class LostPhone:
    """A phone given up by its push service; its owner must enable it again."""

    phone_id: UUID
    person_name: str
    channel: str
    label: str
    gone_utc_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class SilentPhone:
    """A phone that did not answer its last daily check in time: it may be dead without notice."""

    phone_id: UUID
    person_id: UUID
    person_name: str
    label: str
    asked_utc_us: int
    heard_utc_us: int | None
    """Time of the last push it showed; None: never."""
    was_taken: bool
    """True if its push service accepted the check."""


@dataclass(frozen=True, slots=True)
class PhoneRow:
    """A phone or browser of a person for notifications."""

    phone_id: UUID
    channel: str
    label: str
    created_utc_us: int
    gone_utc_us: int | None
    gone_reason: str | None
    heard_utc_us: int | None = None
    """Time of its last receipt for a displayed push."""


@dataclass(frozen=True)
class Phone:
    """One delivery address of one person."""

    phone_id: UUID
    channel: str  # webpush, ntfy, zalo, …: see hub.notify.rules.channel_order
    address: str
    secrets: str  # JSON: p256dh and auth, or an access token


AlertMoment = Literal["opened", "grown", "raised", "again", "handed", "taken", "back"]
"""The moments in an alert's life that phones are notified of. "taken" also stands for closing;
"back": the lost device is back by itself; "again": nobody has taken the alert yet; "handed": a
colleague hands it over.

In the ledger "again" ends with the number of its call, and "handed" with the alert's revision: a
phone may get either several times.
"""
