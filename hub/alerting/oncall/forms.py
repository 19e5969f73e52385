"""The forms of rosters and plans. Their methods raise OnCallError."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field

from hub.alerting.oncall.faults import OnCallError, OnCallFault
from hub.alerting.oncall.rows import NewShift, ShiftDate, Swap
from hub.alerting.oncall.rules.escalation import (
    MOST_STEPS,
    EscalationPlan,
    EscalationStep,
    StepRecipients,
)
from hub.alerting.oncall.rules.rosters import Crew, Shift
from hub.alerting.oncall.wording import clock
from hub.web.forms import TypedForm

NOBODY: Final = "-"
"""Chosen for an empty day on purpose; an empty field means "as every day"."""
WEEKDAYS: Final = range(7)
USUAL_STEPS: Final = 4
"""Steps that the form of a plan shows at least."""
USUAL_WAIT_S: Final = 60


class TeamForm(TypedForm):
    """Name and members of a team."""

    name: str = ""
    member: tuple[str, ...] = ()

    def members(self) -> list[UUID]:
        """Ids of the ticked people."""
        return [id_of(person) for person in self.member if person]


class ChosenShiftForm(TypedForm):
    """A shift that is removed."""

    shift: str = ""


class ShiftForm(TypedForm):
    """A new shift, or what a shift is changed to."""

    shift: str = ""
    """Id; empty for a new one."""
    name: str = ""
    starts: str = "06:00"
    ends: str = "18:00"
    every: tuple[str, ...] = ()
    """People of each day that is left empty, in calling order."""
    day0: tuple[str, ...] = ()
    """People on Mondays; `NOBODY` first leaves the day empty."""
    day1: tuple[str, ...] = ()
    day2: tuple[str, ...] = ()
    day3: tuple[str, ...] = ()
    day4: tuple[str, ...] = ()
    day5: tuple[str, ...] = ()
    day6: tuple[str, ...] = ()

    @classmethod
    def of(cls, shift: Shift) -> Self:
        """The form with what a shift has now."""
        return cls(
            shift=str(shift.shift_id),
            name=shift.name,
            starts=clock(shift.starts_minute),
            ends=clock(shift.ends_minute),
            **{f"day{day}": tuple(map(str, shift.weekly.get(day, ()))) for day in WEEKDAYS},
        )

    @property
    def week(self) -> tuple[tuple[str, ...], ...]:
        """People by weekday, from Monday."""
        return (self.day0, self.day1, self.day2, self.day3, self.day4, self.day5, self.day6)

    def shift_id(self) -> UUID | None:
        """The shift that is changed; None for a new one."""
        return id_of(self.shift) if self.shift else None

    def new_shift(self) -> NewShift:
        """The shift with its people by weekday."""
        every_day = crew_of(self.every)
        weekly: dict[int, Crew] = {}
        for day, people in enumerate(self.week):
            is_empty = people[:1] == (NOBODY,)
            weekly[day] = crew_of(people) or (() if is_empty else every_day)
        return NewShift(self.name, minute_of(self.starts), minute_of(self.ends), weekly)


class ShiftDateForm(TypedForm):
    """A shift on a date, whose exception is removed."""

    shift: str = ""
    day: str = ""

    def on(self) -> ShiftDate:
        """The shift and the date."""
        return ShiftDate(id_of(self.shift), day_of(self.day))


class ExceptionForm(ShiftDateForm):
    """Other people for a shift on a date."""

    person: tuple[str, ...] = ()
    """In calling order; none leaves the shift empty."""
    reason: str = ""


class SubstituteForm(ShiftDateForm):
    """A substitute that is removed."""

    instead_of: str = ""


class SwapForm(SubstituteForm):
    """A swap."""

    person: str = ""
    back_shift: Annotated[str, Field(alias="back-shift")] = ""
    back_day: Annotated[str, Field(alias="back-day")] = ""
    """Without it nobody does a duty in return."""
    reason: str = ""

    def swap(self) -> Swap:
        """Substitute, person on duty, and the duty in return."""
        return Swap(
            instead_of=id_of(self.instead_of),
            person_id=id_of(self.person),
            back=ShiftDate(id_of(self.back_shift), day_of(self.back_day))
            if self.back_day
            else None,
            reason=self.reason,
        )


class PlanForm(TypedForm):
    """An area's plan, one value of `whom` and `wait` per step."""

    whom: tuple[str, ...] = ()
    """`everybody`, `team:ID` or `on_duty:ID:PLACE`; empty steps are left out."""
    wait: tuple[str, ...] = ()
    """Seconds."""
    repeats: str = "0"
    end: bool = False
    """The plan ends; all else is ignored."""

    @classmethod
    def of(cls, plan: EscalationPlan | None) -> Self:
        """The form with what a plan has now."""
        if plan is None:
            return cls()
        return cls(
            whom=tuple(_chosen(step) for step in plan.steps),
            wait=tuple(str(step.wait_s) for step in plan.steps),
            repeats=str(plan.repeats),
        )

    def rows(self) -> list[tuple[int, str, str]]:
        """Number, choice and seconds of each step that the page shows: one more than are filled."""
        filled = list(zip(self.whom, self.wait, strict=False))
        while filled and not filled[-1][0]:
            filled.pop()
        shown = min(MOST_STEPS, max(USUAL_STEPS, len(filled) + 1))
        empty = [("", str(USUAL_WAIT_S))] * (shown - len(filled))
        return [(number, *step) for number, step in enumerate(filled + empty)]

    def plan(self) -> EscalationPlan:
        """The plan: its steps in order, without empty ones."""
        try:
            steps = tuple(
                _step(chosen, int(wait or USUAL_WAIT_S))
                for chosen, wait in zip(self.whom, self.wait, strict=True)
                if chosen
            )
            return EscalationPlan(steps, int(self.repeats or "0"))
        except ValueError as error:
            raise OnCallError(OnCallFault.PLAN) from error


def id_of(text: str) -> UUID:
    """Id of the chosen person or shift."""
    try:
        return UUID(text)
    except ValueError as error:
        raise OnCallError(OnCallFault.PERSON) from error


def minute_of(text: str) -> int:
    """Minutes since midnight: `06:00` → 360."""
    try:
        moment = datetime.strptime(text[:5], "%H:%M")  # noqa: DTZ007 - a time of day has no zone
    except ValueError as error:
        raise OnCallError(OnCallFault.TIME) from error
    return moment.hour * 60 + moment.minute


def day_of(text: str) -> date:
    """A date such as `2026-11-25`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise OnCallError(OnCallFault.DAY) from error


def crew_of(chosen: tuple[str, ...]) -> Crew:
    """The chosen people, each once, in their order."""
    return tuple(dict.fromkeys(id_of(one) for one in chosen if one and one != NOBODY))


def _step(chosen: str, wait_s: int) -> EscalationStep:
    kind, _, rest = chosen.partition(":")
    team, _, place = rest.partition(":")
    return EscalationStep(
        StepRecipients(kind), wait_s, UUID(team) if team else None, int(place) if place else None
    )


def _chosen(step: EscalationStep) -> str:
    """The value of a step in the form; the inverse of `_step`."""
    values: list[object] = [step.whom.value, step.team_id, step.place]
    return ":".join(str(value) for value in values if value is not None)


def choices(names: Mapping[UUID, str], allowed: Crew, chosen: str = "") -> list[tuple[str, str]]:
    """(value, name) pairs for the choice of a person; the person chosen now can still be chosen."""
    pairs = [(str(person), names.get(person, "?")) for person in allowed]
    also = {str(person): name for person, name in names.items()}
    if chosen in also and chosen not in dict(pairs):
        pairs.append((chosen, also[chosen]))
    return pairs
