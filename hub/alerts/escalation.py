"""Whom an alert calls next when nobody has taken it.

An area's plan is steps, each with whom to tell and how long they are given. The first is told when
the alert is raised; when their time is over without an acknowledgement the next is, and after the
last the plan begins again, as often as it says. A step that reaches nobody (a hole in the roster, a
grant that has ended, no phone) is passed at once: nobody's time is spent on it. Where a plan
reaches nobody at all, everybody is told who may know.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

MOST_STEPS: Final = 8
MOST_REPEATS: Final = 5
SHORTEST_WAIT_S: Final = 10
LONGEST_WAIT_S: Final = 3600
MOST_PLACES: Final = 9


class Whom(StrEnum):
    """Whom a step tells."""

    EVERYBODY = "everybody"
    """All who may know of the alert."""
    ON_DUTY = "on_duty"
    """One of a team who is on duty, by their place in the shift."""
    TEAM = "team"
    """All of a team who are on duty; all of it, if it keeps no roster."""


@dataclass(frozen=True, slots=True)
class Step:
    """Whom to tell, and how many seconds they have before the next is told."""

    whom: Whom
    wait_s: int
    team_id: UUID | None = None
    place: int | None = None
    """Of ON_DUTY: 1 is the first of the shift."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An area's steps, and how often they are gone through again."""

    steps: tuple[Step, ...]
    repeats: int = 0

    @property
    def length(self) -> int:
        """How many calls there are in all."""
        return len(self.steps) * (self.repeats + 1)

    def step(self, number: int) -> Step:
        """The step of a call; calls count from 0 through all repetitions."""
        return self.steps[number % len(self.steps)]


People = frozenset[UUID]
Reach = Callable[[Step], People]
"""Whom a step would reach now: those of its people who may know, and have a phone."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who is told now, and when the next call is due, in seconds from now."""

    step: Step
    number: int
    people: People
    wait_s: int | None
    """None: it is the last."""


@dataclass(frozen=True, slots=True)
class Silent:
    """No step from here on reaches anybody."""


def call(plan: Plan, number: int, reach: Reach) -> Call | Silent:
    """The first call from `number` on that reaches somebody."""
    for here in range(number, plan.length):
        step = plan.step(here)
        people = reach(step)
        if people:
            is_last = here + 1 >= plan.length
            return Call(step, here, people, None if is_last else step.wait_s)
    return Silent()


def is_due(due_utc_us: int, wait_s: int, *, now_utc_us: int) -> bool:
    """Whether a call is due. One that lies further ahead than it was to wait was written by a
    clock that has been set back since: it is due too."""
    return due_utc_us <= now_utc_us or due_utc_us - now_utc_us > wait_s * 1_000_000


def faults(plan: Plan) -> list[str]:
    """What keeps a plan from being used, in words of the form that it came by; empty: nothing."""
    found = []
    if not 1 <= len(plan.steps) <= MOST_STEPS:
        found.append("steps")
    if not 0 <= plan.repeats <= MOST_REPEATS:
        found.append("repeats")
    for step in plan.steps:
        if not SHORTEST_WAIT_S <= step.wait_s <= LONGEST_WAIT_S:
            found.append("wait")
        if (step.whom is Whom.EVERYBODY) != (step.team_id is None):
            found.append("team")
        is_one = step.whom is Whom.ON_DUTY
        place = 1 if step.place is None else step.place
        if is_one != (step.place is not None) or not 1 <= place <= MOST_PLACES:
            found.append("place")
    return found
