"""Petitions as those who ask and those who answer see them; times are UTC microseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from hub.alerts.petitions import Outcome, Petition, Span, Standing, Terms, Week, Wish
from hub.store.tip_box import Reporter


class PetitionFault(StrEnum):
    """Why a petition, or an act on it, is not taken."""

    WISH = "wish"
    WHAT = "what"
    CONTACT = "contact"
    """Nobody can be answered who does not say how; nor be known again."""
    CONSENT = "consent"
    STALE = "stale"
    """The form is too old, too new, or none of ours."""
    BUSY = "busy"
    WORDS = "words"
    """An extension or a refusal says why."""
    REFUSAL = "refusal"
    NOT_GRANTED = "not granted"
    """Only what was asked for and granted is deleted."""
    HELD = "held"
    """Some of it is held for a case: nothing was deleted."""
    RESTORED = "restored"
    """The hub came back from a backup, and does not know what was held since."""
    FILES = "files"
    """Nothing was chosen, or some of it is not there for them."""
    TIME = "time"
    """The day, or a time of it, cannot be read."""
    DONE = "done"
    """It is answered, or cannot be extended any more."""


class PetitionError(Exception):
    """Nothing was changed."""

    def __init__(self, fault: PetitionFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Office:
    """How the town answers: its deadlines, its calendar, and why it may refuse (key to words)."""

    terms: Terms
    week: Week
    refusals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Language, then key, to words."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Language to what the form says first."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Language to where the deadlines are from."""
    contact_days: int = 90
    """Days after the answer until who asked is forgotten; 0: never."""

    def span_of(self, wish: Wish) -> Span:
        """Until when such a petition is answered."""
        return self.terms.answer.get(wish, self.terms.acknowledge)


@dataclass(frozen=True, slots=True)
class NewPetition:
    """A petition that comes in; texts are trimmed already."""

    wish: Wish | None
    what: str
    area_id: UUID | None
    person: Reporter
    language: str
    has_consent: bool


@dataclass(frozen=True, slots=True)
class PetitionAct:
    """A step, and the words that the person who asked reads of it."""

    act: str
    words: str
    at_utc_us: int
    who: str = ""
    """A name for those who answer; the one who asked is not told it."""


@dataclass(frozen=True, slots=True)
class PetitionRow:
    """A petition as it stands."""

    petition_id: UUID
    number: str
    what: str
    place: str
    """Empty: they do not know."""
    language: str
    source: str
    taken_by: str
    is_proof_asked: bool
    knows_person: bool
    """Whether who asked is still kept."""
    outcome: Outcome | None
    refusal: str | None
    dates: Petition
    stands: Standing
    acts: tuple[PetitionAct, ...] = ()


@dataclass(frozen=True, slots=True)
class ErasureRow:
    """A file that was deleted for a petition."""

    media_id: UUID
    camera: str
    sha256: str
    size_bytes: int
    marked_utc_us: int
    gone_utc_us: int | None
    """None: not yet seen to be gone."""
    others: int
    who: str
