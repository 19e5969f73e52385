"""Parses forms of rosters and plans into service input; OnCallError for invalid ones."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final
from uuid import UUID

from starlette.datastructures import FormData

from hub.alerting.oncall.faults import MOST_CREW, OnCallError, OnCallFault
from hub.alerting.oncall.rows import NewShift, ShiftDate, Swap
from hub.alerting.oncall.rules.escalation import (
    MOST_STEPS,
    EscalationPlan,
    EscalationStep,
    StepRecipients,
)
from hub.alerting.oncall.rules.rosters import Crew
from hub.web.forms import field

NOBODY: Final = "-"
"""Chosen for an empty day on purpose; an empty field means "as every day"."""


def ids(form: FormData, name: str) -> list[UUID]:
    """All values of a field."""
    return [key(value) for value in form.getlist(name) if isinstance(value, str) and value]


def key(text: str) -> UUID:
    """Id of the chosen person or thing."""
    try:
        return UUID(text)
    except ValueError as error:
        raise OnCallError(OnCallFault.PERSON) from error


def minute(text: str) -> int:
    """Minutes since midnight: `06:00` → 360."""
    try:
        moment = datetime.strptime(text[:5], "%H:%M")  # noqa: DTZ007 - a time of day has no zone
    except ValueError as error:
        raise OnCallError(OnCallFault.TIME) from error
    return moment.hour * 60 + moment.minute


def day(text: str) -> date:
    """A date such as `2026-11-25`."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise OnCallError(OnCallFault.DAY) from error


def crew(form: FormData, prefix: str) -> Crew:
    """The people in the fields prefix1, prefix2 …; each once."""
    chosen = [field(form, f"{prefix}{place}") for place in range(1, MOST_CREW + 1)]
    return tuple(dict.fromkeys(key(one) for one in chosen if one and one != NOBODY))


def shift(form: FormData) -> NewShift:
    """A shift from the form: name, hours, and people by weekday."""
    every_day = crew(form, "every-")
    week: dict[int, Crew] = {}
    for weekday in range(7):
        there = crew(form, f"day{weekday}-")
        is_empty = field(form, f"day{weekday}-1") == NOBODY
        week[weekday] = there if there or is_empty else every_day
    return NewShift(
        field(form, "name"), minute(field(form, "starts")), minute(field(form, "ends")), week
    )


def duty(form: FormData, prefix: str = "") -> ShiftDate:
    """A shift on a date, from the form."""
    shift_id = field(form, f"{prefix}shift")
    return ShiftDate(key(shift_id), day(field(form, f"{prefix}day")))


def swap(form: FormData) -> Swap:
    """A swap from the form: substitute, substituted person, and the return shift."""
    has_return = bool(field(form, "back-day"))
    return Swap(
        instead_of=key(field(form, "instead_of")),
        person_id=key(field(form, "person")),
        back=duty(form, "back-") if has_return else None,
        reason=field(form, "reason"),
    )


def plan(form: FormData) -> EscalationPlan:
    """A plan from the form: its steps in order, without empty ones."""
    try:
        steps = tuple(
            _step(field(form, f"whom{number}"), int(field(form, f"wait{number}") or "60"))
            for number in range(MOST_STEPS)
            if field(form, f"whom{number}")
        )
        return EscalationPlan(steps, int(field(form, "repeats") or "0"))
    except ValueError as error:
        raise OnCallError(OnCallFault.PLAN) from error


def _step(chosen: str, wait_s: int) -> EscalationStep:
    kind, _, rest = chosen.partition(":")
    team, _, place = rest.partition(":")
    return EscalationStep(
        StepRecipients(kind), wait_s, UUID(team) if team else None, int(place) if place else None
    )


def chosen(step: EscalationStep | None) -> str:
    """The value of a step in the form; the inverse of `plan`."""
    if step is None:
        return ""
    parts: list[object] = [step.whom.value, step.team_id, step.place]
    return ":".join(str(part) for part in parts if part is not None)


def choices(names: Mapping[UUID, str], allowed: Crew, crew_now: Crew) -> list[tuple[str, str]]:
    """(value, name) pairs for the choice of a person; the person chosen now can still be chosen."""
    also = [one for one in crew_now if one not in allowed]
    return [(str(one), names.get(one, "?")) for one in (*allowed, *also)]
