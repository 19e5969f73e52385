"""Cases as pages show them; times are UTC microseconds."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class CaseFault(StrEnum):
    """Why nothing was changed."""

    NO_NUMBER = "no_number"
    NUMBER_TAKEN = "number_taken"
    NO_PURPOSE = "no_purpose"
    ENDS_BEFORE = "ends_before"
    NOBODY = "nobody"
    """No such person, or one who is not active."""
    CLOSED = "closed"
    NOTHING = "nothing"
    """Nothing of that id, or nothing that they may see."""


class CaseError(Exception):
    """What was asked for cannot be; nothing was changed."""

    def __init__(self, fault: CaseFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list."""

    case_id: UUID
    number: str
    purpose: str
    owner_id: UUID
    owner_name: str
    opened_utc_us: int
    ends_utc_us: int | None
    closed_utc_us: int | None
    items: int
    """All that is collected; how much of it a reader may see is told in the case."""
    marked: int
    """So many of them matter most."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Somebody who works on a case."""

    member_id: UUID
    person_id: UUID
    name: str
    may_export: bool
    until_utc_us: int | None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One piece of footage in a case that the reader may see."""

    item_id: UUID
    media_id: UUID
    kind: str
    codec: str
    width: int
    height: int
    camera_label: str
    place: str
    first_frame_utc_us: int
    first_frame_error_ms: int | None
    duration_ms: int
    is_stored: bool
    note: str
    is_marked: bool
    added_by_name: str


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a case's history, out of the log."""

    at_utc_us: int
    who: str
    act: str
    detail: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """All of a case that a member may see."""

    row: CaseRow
    is_owner: bool
    may_export: bool
    members: tuple[MemberRow, ...]
    items: tuple[ItemRow, ...]
    hidden: int
    """So many more are in it than the reader's grants show."""
    hidden_marked: int
    """So many of those matter most."""
    history: tuple[HistoryLine, ...]


@dataclass(frozen=True, slots=True)
class CaseExport:
    """What is to leave of a case, if nothing of it is hidden."""

    row: CaseRow
    media_ids: tuple[UUID, ...]
    hidden: int
