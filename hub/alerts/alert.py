"""The life of an alert: open, taken by one officer, then resolved or a false alarm.

    open ──take──▶ taken ──resolve──▶ resolved
      │              └───false_alarm─▶ false_alarm
      └──resolve / false_alarm──▶ (closed without taking it first)

One officer has it at a time. Who comes second learns who was first; the same act twice by the
same officer (a double tap, a resent request) changes nothing and is no fault.

Who has it may hand it over: it is offered to a colleague, and is theirs once they take it. Until
then it stays with who has it, so that no alert is between two people.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal, assert_never
from uuid import UUID


class State(StrEnum):
    """Where an alert is in its life."""

    OPEN = "open"
    TAKEN = "taken"
    RESOLVED = "resolved"
    FALSE_ALARM = "false_alarm"

    @property
    def is_running(self) -> bool:
        """True while somebody still has to do something about it."""
        return self in (State.OPEN, State.TAKEN)


Act = Literal["take", "resolve", "false_alarm"]

CAUSES: Final = (
    "animal",
    "plant",
    "weather",
    "light",
    "vehicle",
    "known_person",
    "camera",
    "other",
)
"""What a false alarm was, as whoever calls it false may say."""


@dataclass(frozen=True, slots=True)
class Life:
    """The state, and whose doing it is."""

    state: State
    taken_by: UUID | None = None
    closed_by: UUID | None = None
    offered_to: UUID | None = None
    """Whom the one who has it hands it to; they have not taken it yet."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The act holds; `life` is what the alert is now."""

    life: Life


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The same officer did the same before."""


@dataclass(frozen=True, slots=True)
class HeldBy:
    """Somebody else was first: they have it, or have closed it; or it is closed otherwise."""

    person_id: UUID | None


def apply(life: Life, act: Act, person_id: UUID) -> Changed | Unchanged | HeldBy:
    """What an act by this person does to the alert."""
    match act:
        case "take":
            return _take(life, person_id)
        case "resolve":
            return _close(life, State.RESOLVED, person_id)
        case "false_alarm":
            return _close(life, State.FALSE_ALARM, person_id)
        case _:
            assert_never(act)


def hand_over(life: Life, person_id: UUID, to: UUID) -> Changed | Unchanged | HeldBy:
    """What it does when this person offers the alert to another; only who has it can."""
    if life.state is not State.TAKEN or life.taken_by != person_id:
        return HeldBy(life.taken_by if life.state.is_running else life.closed_by)
    if to in (person_id, life.offered_to):
        return Unchanged()
    return Changed(replace(life, offered_to=to))


def allowed_acts(life: Life, person_id: UUID) -> tuple[Act, ...]:
    """The acts that would change something, for the buttons of a page."""
    acts: tuple[Act, ...] = ("take", "resolve", "false_alarm")
    return tuple(act for act in acts if isinstance(apply(life, act, person_id), Changed))


def _take(life: Life, person_id: UUID) -> Changed | Unchanged | HeldBy:
    if not life.state.is_running:
        return HeldBy(life.closed_by)
    if life.state is State.OPEN:
        return Changed(Life(State.TAKEN, taken_by=person_id))
    if life.offered_to == person_id:
        return Changed(Life(State.TAKEN, taken_by=person_id))
    return Unchanged() if life.taken_by == person_id else HeldBy(life.taken_by)


def _close(life: Life, end: State, person_id: UUID) -> Changed | Unchanged | HeldBy:
    if not life.state.is_running:
        is_same = life.state is end and life.closed_by == person_id
        return Unchanged() if is_same else HeldBy(life.closed_by)
    if life.state is State.TAKEN and life.taken_by != person_id:
        return HeldBy(life.taken_by)
    return Changed(Life(end, taken_by=life.taken_by, closed_by=person_id))
