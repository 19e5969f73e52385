"""The life of an alert: open, taken by one officer, then resolved or a false alarm.

    open ──take──▶ taken ──resolve──▶ resolved
      │              └───false_alarm─▶ false_alarm
      └──resolve / false_alarm──▶ (closed without taking it first)

One officer holds an alert at a time. A second officer is told the name of the first. The same act
twice by the same officer (a double tap, a resent request) changes nothing and is not an error.

The holder can offer the alert to a colleague. It belongs to the colleague once they take it. Until
then it stays with the holder, so that an alert is never without one.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal, assert_never
from uuid import UUID


class State(StrEnum):
    """State of an alert."""

    OPEN = "open"
    TAKEN = "taken"
    RESOLVED = "resolved"
    FALSE_ALARM = "false_alarm"

    @property
    def is_running(self) -> bool:
        """True while the alert still needs action."""
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
"""Causes an officer can give for a false alarm."""


@dataclass(frozen=True, slots=True)
class Life:
    """State of an alert and the people responsible for it."""

    state: State
    taken_by: UUID | None = None
    closed_by: UUID | None = None
    offered_to: UUID | None = None
    """The colleague it is offered to, until they take it."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The act succeeded; `life` is the new state."""

    life: Life


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The same officer already did this; nothing changes."""


@dataclass(frozen=True, slots=True)
class HeldBy:
    """Somebody else holds or closed the alert; `person_id` is None if no person did."""

    person_id: UUID | None


def apply(life: Life, act: Act, person_id: UUID) -> Changed | Unchanged | HeldBy:
    """Apply an act of this person to the alert."""
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
    """Offer the alert to another person; only its holder can."""
    if life.state is not State.TAKEN or life.taken_by != person_id:
        return HeldBy(life.taken_by if life.state.is_running else life.closed_by)
    if to in (person_id, life.offered_to):
        return Unchanged()
    return Changed(replace(life, offered_to=to))


def allowed_acts(life: Life, person_id: UUID) -> tuple[Act, ...]:
    """The acts that would change the alert, for the buttons of a page."""
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
