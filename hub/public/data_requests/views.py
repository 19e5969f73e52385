"""Read models of data requests, for requesters and for people who answer; times are UTC
microseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from hub.base.errors import DomainError
from hub.public.data_requests.rules import (
    DataRequest,
    RequestKind,
    RequestOutcome,
    RequestStatus,
    StepLength,
    StepLengths,
    Week,
)
from hub.public.tips.sealing import Reporter


class DataRequestFault(StrEnum):
    """Reasons to reject a data request or an act on it."""

    WISH = "wish"
    WHAT = "what"
    CONTACT = "contact"
    """Contact details are missing: they are needed for the answer and to verify the requester."""
    CONSENT = "consent"
    STALE = "stale"
    """The form is too old, too new, or not ours."""
    BUSY = "busy"
    WORDS = "words"
    """An extension or a refusal needs a reason."""
    REFUSAL = "refusal"
    NOT_GRANTED = "not granted"
    """Only footage of a granted deletion request is deleted."""
    HELD = "held"
    """Some of it is under hold for a case: nothing was deleted."""
    RESTORED = "restored"
    """The hub was restored from a backup and does not know the holds placed since."""
    FILES = "files"
    """No file was chosen, or some files do not exist or are not of the asker's cameras."""
    TIME = "time"
    """The day, or a time of it, cannot be parsed."""
    DONE = "done"
    """The request is answered, or cannot be extended again."""


class DataRequestError(DomainError):
    """The request or act is not possible; nothing was changed."""

    def __init__(self, fault: DataRequestFault) -> None:
        super().__init__(fault.value, f"data_request.{fault}")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """The town's settings for answers: deadlines, calendar, reasons for refusal (key to text)."""

    terms: StepLengths
    week: Week
    refusals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Language, then key, to text."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Language to the introduction of the form."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Language to the legal source of the deadlines."""
    contact_days: int = 90
    """Days after the answer until the requester's identity is deleted; 0: never."""

    def span_of(self, wish: RequestKind) -> StepLength:
        """Time for the answer to such a request."""
        return self.terms.answer.get(wish, self.terms.acknowledge)


@dataclass(frozen=True, slots=True)
class NewDataRequest:
    """An incoming request; its texts are trimmed."""

    wish: RequestKind | None
    what: str
    area_id: UUID | None
    person: Reporter
    language: str
    has_consent: bool


@dataclass(frozen=True, slots=True)
class DataRequestAct:
    """A step, and its message to the requester."""

    act: str
    words: str
    at_utc_us: int
    who: str = ""
    """A name for people who answer; not shown to the requester."""


@dataclass(frozen=True, slots=True)
class DataRequestRow:
    """The current state of a request."""

    petition_id: UUID
    number: str
    what: str
    place: str
    """Empty: not known."""
    language: str
    source: str
    taken_by: str
    is_proof_asked: bool
    knows_person: bool
    """Whether the requester's identity is still stored."""
    outcome: RequestOutcome | None
    refusal: str | None
    dates: DataRequest
    stands: RequestStatus
    acts: tuple[DataRequestAct, ...] = ()


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """A file deleted for a request."""

    media_id: UUID
    camera: str
    sha256: str
    size_bytes: int
    marked_utc_us: int
    gone_utc_us: int | None
    """None: deletion not confirmed yet."""
    others: int
    who: str
