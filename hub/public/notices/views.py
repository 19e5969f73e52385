"""Read models of public notices. Times are UTC microseconds."""

from dataclasses import dataclass
from uuid import UUID

from hub.public.notices.rules import NoticeState


@dataclass(frozen=True, slots=True)
class NoticeChannel:
    """One channel to an area's people: a group, or a channel of a messaging service."""

    way_id: UUID
    area_id: UUID
    place: str
    channel: str
    address: str
    label: str


@dataclass(frozen=True, slots=True)
class Sending:
    """Delivery result of a notice, or of its withdrawal, on one channel."""

    label: str
    channel: str
    word: str
    """One of `sent`, `withdrawn`."""
    state: str
    """One of `queued`, `accepted`, `dropped`, `dead`."""
    reason: str
    answered_utc_us: int | None


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice."""

    notice_id: UUID
    area_id: UUID
    place: str
    title: str
    text: str
    state: NoticeState
    made_by_name: str
    made_utc_us: int
    sent_utc_us: int | None
    until_utc_us: int | None
    withdrawn_utc_us: int | None
    has_picture: bool
    has_sound: bool


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A notice as its writers see it."""

    notice: Notice
    ways: list[NoticeChannel]
    """Channels of the notice, past or planned."""
    sendings: list[Sending]


@dataclass(frozen=True, slots=True)
class WriterPage:
    """Data of the page on which notices are written."""

    areas: list[tuple[UUID, str]]
    notices: list[Notice]
    ways: list[NoticeChannel]


@dataclass(frozen=True, slots=True)
class NoticeFile:
    """A picture or a voice note."""

    media_type: str
    content: bytes
