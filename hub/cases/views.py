"""Views of cases; times are UTC microseconds."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hub.base.errors import DomainError
from hub.cases.evidence.seal_rules import ClipSeal


class CaseFault(StrEnum):
    """Reasons why nothing was changed."""

    NO_NUMBER = "no_number"
    NUMBER_TAKEN = "number_taken"
    NO_PURPOSE = "no_purpose"
    ENDS_BEFORE = "ends_before"
    NOBODY = "nobody"
    """No such person, or not an active one."""
    CLOSED = "closed"
    NOTHING = "nothing"
    """The id is unknown, or the person may not see the thing."""


class CaseError(DomainError):
    """The request is not possible; nothing was changed."""

    def __init__(self, fault: CaseFault) -> None:
        super().__init__(fault.value, f"case.{fault}")
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
    """All items; the case itself tells how many of them a reader may see."""
    marked: int
    """Number of important items."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member of a case."""

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
    size_bytes: int
    is_stored: bool
    note: str
    is_marked: bool
    added_by_name: str
    poster_id: UUID | None = None
    """For a clip, the first picture in the case of the same camera and time."""
    seal: ClipSeal | None = None
    """The verdict on a clip or sound; None: not judged yet, or a picture."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a case's history, from the log."""

    at_utc_us: int
    who: str
    act: str


@dataclass(frozen=True, slots=True)
class CasePage:
    """All of a case that a member may see."""

    row: CaseRow
    is_owner: bool
    may_export: bool
    members: tuple[MemberRow, ...]
    items: tuple[ItemRow, ...]
    hidden: int
    """Number of items outside the reader's grants."""
    hidden_marked: int
    """Number of important items among these."""
    history: tuple[HistoryLine, ...]

    def leaving_bytes(self, *, only_marked: bool = False) -> int:
        """Size of the footage in a package of the case."""
        return sum(
            one.size_bytes
            for one in self.items
            if one.is_stored and (one.is_marked or not only_marked)
        )


@dataclass(frozen=True, slots=True)
class CaseExport:
    """Content of an export, if no item is hidden."""

    row: CaseRow
    media_ids: tuple[UUID, ...]
    hidden: int
