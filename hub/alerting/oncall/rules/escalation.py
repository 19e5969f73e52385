"""Escalation: who is called next when nobody has taken an alert.

The plan of an area is a list of steps; each step has recipients and a waiting time. The first step
runs when the alert is raised. When its time is over without an acknowledgement the next step runs;
after the last step the plan starts again, up to its number of repeats. A step that reaches nobody
(a gap in the roster, an ended grant, no phone) is skipped at once. If no step of the plan reaches
anybody, everybody entitled is told.
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


class StepRecipients(StrEnum):
    """Recipients of a step."""

    EVERYBODY = "everybody"
    """Everybody entitled to the alert."""
    ON_DUTY = "on_duty"
    """One team member on duty, by position in the shift."""
    TEAM = "team"
    """All team members on duty; the whole team if it has no roster."""


@dataclass(frozen=True, slots=True)
class EscalationStep:
    """Recipients, and the seconds before the next step."""

    whom: StepRecipients
    wait_s: int
    team_id: UUID | None = None
    place: int | None = None
    """For ON_DUTY: position in the shift, from 1."""


@dataclass(frozen=True, slots=True)
class EscalationPlan:
    """Steps of an area and the number of repeats."""

    steps: tuple[EscalationStep, ...]
    repeats: int = 0

    @property
    def length(self) -> int:
        """Total number of calls, repeats included."""
        return len(self.steps) * (self.repeats + 1)

    def step(self, number: int) -> EscalationStep:
        """Step of a call; calls count from 0 across all repeats."""
        return self.steps[number % len(self.steps)]


People = frozenset[UUID]
Reach = Callable[[EscalationStep], People]
"""Returns the people a step reaches now: entitled, with a phone."""


@dataclass(frozen=True, slots=True)
class Call:
    """Recipients now, and the seconds until the next call."""

    step: EscalationStep
    number: int
    people: People
    wait_s: int | None
    """None: this is the last call."""


@dataclass(frozen=True, slots=True)
class NoFurtherCall:
    """No later step reaches anybody."""


def call(plan: EscalationPlan, number: int, reach: Reach) -> Call | NoFurtherCall:
    """The first call from `number` on that reaches somebody."""
    for here in range(number, plan.length):
        step = plan.step(here)
        people = reach(step)
        if people:
            is_last = here + 1 >= plan.length
            return Call(step, here, people, None if is_last else step.wait_s)
    return NoFurtherCall()


def is_due(due_utc_us: int, wait_s: int, *, now_utc_us: int) -> bool:
    """True if a call is due. A due time further ahead than the waiting time comes from a clock that
    has been set back since; such a call is due too."""
    return due_utc_us <= now_utc_us or due_utc_us - now_utc_us > wait_s * 1_000_000


def faults(plan: EscalationPlan) -> list[str]:
    """The faults of a plan, named as in its form; empty if it is valid."""
    found = []
    if not 1 <= len(plan.steps) <= MOST_STEPS:
        found.append("steps")
    if not 0 <= plan.repeats <= MOST_REPEATS:
        found.append("repeats")
    for step in plan.steps:
        if not SHORTEST_WAIT_S <= step.wait_s <= LONGEST_WAIT_S:
            found.append("wait")
        if (step.whom is StepRecipients.EVERYBODY) != (step.team_id is None):
            found.append("team")
        is_one = step.whom is StepRecipients.ON_DUTY
        place = 1 if step.place is None else step.place
        if is_one != (step.place is not None) or not 1 <= place <= MOST_PLACES:
            found.append("place")
    return found
