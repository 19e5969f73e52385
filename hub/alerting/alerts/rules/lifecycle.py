"""The life of an alert: open, taken by one officer, then resolved or a false alarm.

    open ──take──▶ taken ──resolve──▶ resolved
      │              └───false_alarm─▶ false_alarm
      └──resolve / false_alarm──▶ (closed without taking it first)

    closed ──undo, within seconds──▶ as before it was closed
      ├──────reopen, at any time───▶ taken
      └──────something new─────────▶ open

One officer holds an alert at a time. A second officer is told the name of the first. The same act
twice by the same officer (a double tap, a resent request) changes nothing and is not an error.

The holder can offer the alert to a colleague. It belongs to the colleague once they take it. Until
then it stays with the holder, so that an alert is never without one. If the holder may not see the
alert any more, others can take and close it as if it were open.

A closed alert opens again by itself if a critical rule is met in it, or if a further device of its
trouble is lost: whoever closed it did not know of that.

A tap that closes an alert right after taking it is the second half of a double tap: it is refused.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Literal, assert_never
from uuid import UUID


class AlertState(StrEnum):
    """State of an alert."""

    OPEN = "open"
    TAKEN = "taken"
    RESOLVED = "resolved"
    FALSE_ALARM = "false_alarm"

    @property
    def is_running(self) -> bool:
        """True while the alert still needs action."""
        return self in (AlertState.OPEN, AlertState.TAKEN)


Act = Literal["take", "resolve", "false_alarm"]

CLOSES_AFTER_S: Final = 1.5
"""The officer who takes an alert can close it from then on."""
UNDO_S: Final = 10.0
"""From when a page shows it, the officer who closed an alert can take that back for so long."""
UNDO_ON_THE_WAY_S: Final = 25.0
"""The page that offers an undo, and the undo itself, may each be so long on their way."""
UNDO_TAKEN_S: Final = UNDO_ON_THE_WAY_S + UNDO_S + UNDO_ON_THE_WAY_S
"""For so long after a closing the hub takes an undo."""

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
class AlertLife:
    """State of an alert and the people responsible for it."""

    state: AlertState
    taken_by: UUID | None = None
    closed_by: UUID | None = None
    offered_to: UUID | None = None
    """The colleague it is offered to, until they take it."""


@dataclass(frozen=True, slots=True)
class AlertChanged:
    """The act succeeded; `life` is the new state."""

    life: AlertLife


@dataclass(frozen=True, slots=True)
class AlertUnchanged:
    """The same officer already did this; nothing changes."""


@dataclass(frozen=True, slots=True)
class HeldBy:
    """Somebody else holds or closed the alert; `person_id` is None if no person did."""

    person_id: UUID | None


@dataclass(frozen=True, slots=True)
class TooSoon:
    """The same officer took the alert a moment ago; nothing changes."""


@dataclass(frozen=True, slots=True)
class UndoOver:
    """The alert was closed too long ago to take that back; it can be reopened."""


def apply(
    life: AlertLife, act: Act, person_id: UUID, *, held_s: float | None = None
) -> AlertChanged | AlertUnchanged | HeldBy | TooSoon:
    """Apply an act of this person to the alert, which was taken `held_s` seconds ago."""
    is_theirs = life.state is AlertState.TAKEN and life.taken_by == person_id
    if act != "take" and is_theirs and held_s is not None and 0 <= held_s < CLOSES_AFTER_S:
        return TooSoon()
    match act:
        case "take":
            return _take(life, person_id)
        case "resolve":
            return _close(life, AlertState.RESOLVED, person_id)
        case "false_alarm":
            return _close(life, AlertState.FALSE_ALARM, person_id)
        case _:
            assert_never(act)


def hand_over(life: AlertLife, person_id: UUID, to: UUID) -> AlertChanged | AlertUnchanged | HeldBy:
    """Offer the alert to another person; only its holder can."""
    if life.state is not AlertState.TAKEN or life.taken_by != person_id:
        return HeldBy(life.taken_by if life.state.is_running else life.closed_by)
    if to in (person_id, life.offered_to):
        return AlertUnchanged()
    return AlertChanged(replace(life, offered_to=to))


def undo(
    life: AlertLife, person_id: UUID, *, closed_s: float
) -> AlertChanged | AlertUnchanged | HeldBy | UndoOver:
    """Take back a closing that was `closed_s` seconds ago; only the person who closed the alert
    can."""
    if life.state.is_running:
        return AlertUnchanged() if life.taken_by in (None, person_id) else HeldBy(life.taken_by)
    if life.closed_by != person_id:
        return HeldBy(life.closed_by)
    if closed_s > UNDO_TAKEN_S:
        return UndoOver()
    state = AlertState.OPEN if life.taken_by is None else AlertState.TAKEN
    return AlertChanged(AlertLife(state, taken_by=life.taken_by))


def offers_undo(closed_utc_us: int, now_utc_us: int) -> bool:
    """True if a page that is made now offers to take a closing back, for `UNDO_S`."""
    return now_utc_us - closed_utc_us <= UNDO_ON_THE_WAY_S * 1_000_000


def reopen(life: AlertLife, person_id: UUID) -> AlertChanged | AlertUnchanged | HeldBy:
    """Open a closed alert again; this person holds it."""
    if life.state.is_running:
        return AlertUnchanged() if life.taken_by == person_id else HeldBy(life.taken_by)
    return AlertChanged(AlertLife(AlertState.TAKEN, taken_by=person_id))


def allowed_acts(life: AlertLife, person_id: UUID) -> tuple[Act, ...]:
    """The acts that would change the alert, for the buttons of a page."""
    acts: tuple[Act, ...] = ("take", "resolve", "false_alarm")
    return tuple(act for act in acts if isinstance(apply(life, act, person_id), AlertChanged))


def _take(life: AlertLife, person_id: UUID) -> AlertChanged | AlertUnchanged | HeldBy:
    if not life.state.is_running:
        return HeldBy(life.closed_by)
    if life.state is AlertState.OPEN:
        return AlertChanged(AlertLife(AlertState.TAKEN, taken_by=person_id))
    if life.offered_to == person_id:
        return AlertChanged(AlertLife(AlertState.TAKEN, taken_by=person_id))
    return AlertUnchanged() if life.taken_by == person_id else HeldBy(life.taken_by)


def _close(
    life: AlertLife, end: AlertState, person_id: UUID
) -> AlertChanged | AlertUnchanged | HeldBy:
    if not life.state.is_running:
        is_same = life.state is end and life.closed_by == person_id
        return AlertUnchanged() if is_same else HeldBy(life.closed_by)
    if life.state is AlertState.TAKEN and life.taken_by != person_id:
        return HeldBy(life.taken_by)
    return AlertChanged(AlertLife(end, taken_by=life.taken_by, closed_by=person_id))
