"""What the door hands out about notices to people. Times are UTC microseconds."""

from dataclasses import dataclass
from uuid import UUID

from hub.alerts.notices import NoticeState


@dataclass(frozen=True, slots=True)
class Way:
    """One way an area's people are told: a group, a channel of a service."""

    way_id: UUID
    area_id: UUID
    place: str
    channel: str
    address: str
    label: str


@dataclass(frozen=True, slots=True)
class Sending:
    """What became of a notice, or of its withdrawal, on one way."""

    label: str
    channel: str
    word: str
    """sent, withdrawn."""
    state: str
    """queued, accepted, dropped, dead."""
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
    """A notice as who may write it sees it."""

    notice: Notice
    ways: list[Way]
    """Those it goes, or went, by."""
    sendings: list[Sending]


@dataclass(frozen=True, slots=True)
class WriterPage:
    """What somebody who writes notices has before them."""

    areas: list[tuple[UUID, str]]
    notices: list[Notice]
    ways: list[Way]


@dataclass(frozen=True, slots=True)
class NoticeFile:
    """A picture or a voice note."""

    media_type: str
    content: bytes
