"""Which rule of the town says who must know of an alert, and how urgent it is.

A rule has a place (an area with all below it, or one camera), perhaps a zone, a kind and a window
of time, and says whom to tell. Where no rule counts it is as without any: everybody who may know is
told, as the plan of the area has it. So a town without rules loses nothing, and a rule changes what
it names alone.

What people did, each for itself, is judged by the rule that is the most exact: the nearest place
first, then a zone, a kind, dates, hours. Where several things were done at once the louder word
counts: a rule that tells nobody of people who pass keeps nobody from hearing that they linger. A
view that was taken away, and what gives no sign of life, always tells somebody.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.alerts.escalation import LONGEST_WAIT_S, Plan, Step, Whom
from hub.alerts.grants import CameraPlace, Parents
from hub.alerts.rosters import DAY_MINUTES, Hole, Roster, weekly_holes
from hub.alerts.routing import CROWD
from hub.alerts.rules import FIRST_SAID, Rules
from hub.alerts.tips import TIP
from hub.alerts.troubles import KINDS as TROUBLES

TAMPER: Final = "tamper"
NODE: Final = "node"
PERSON: Final = "person"
KINDS: Final = (PERSON, CROWD, *FIRST_SAID, TIP, TAMPER, NODE)
"""What a rule may be of; a person who met a rule of the camera is of that rule's kind alone."""
NEVER_QUIET: Final = frozenset({TAMPER, NODE})


class Tells(StrEnum):
    """Whom a rule tells."""

    EVERYBODY = "everybody"
    """As without it: all who may know, as the plan of the area calls them."""
    TEAM = "team"
    """All of a team who are on duty; then, while nobody answers, as the plan has it."""
    NOBODY = "nobody"
    """It is in the inbox, and no phone rings."""


class Urgency(StrEnum):
    """How loudly."""

    AS_IS = "as_is"
    """As the kind and the camera's own rules make it."""
    CRITICAL = "critical"
    USUAL = "usual"
    """Never critical: a rest and a storm hold it back."""


@dataclass(frozen=True, slots=True)
class Window:
    """When a rule counts, on the wall of its town; it belongs to the day that it begins on."""

    weekdays: frozenset[int] = frozenset(range(7))
    """Monday is 0."""
    starts_minute: int = 0
    ends_minute: int = 0
    """The start or earlier: of the next day; both alike: the whole day."""
    from_day: date | None = None
    until_day: date | None = None
    """The last day; None: for good."""

    @property
    def is_always(self) -> bool:
        """Every hour of every day, dates aside."""
        return self.starts_minute == self.ends_minute and len(self.weekdays) == 7

    @property
    def is_dated(self) -> bool:
        """Bound by a date."""
        return self.from_day is not None or self.until_day is not None

    def holds(self, at: datetime) -> bool:
        """Whether it counts at this time on the wall."""
        minute = at.hour * 60 + at.minute
        if self._begins_on(at.date()) and self.starts_minute <= minute < self._end_minute:
            return True
        before = at.date() - timedelta(days=1)
        return self._begins_on(before) and minute + DAY_MINUTES < self._end_minute

    @property
    def _end_minute(self) -> int:
        span = (self.ends_minute - self.starts_minute - 1) % DAY_MINUTES + 1
        return self.starts_minute + span

    def _begins_on(self, day: date) -> bool:
        is_in = (self.from_day is None or self.from_day <= day) and (
            self.until_day is None or day <= self.until_day
        )
        return is_in and day.weekday() in self.weekdays


ALWAYS: Final = Window()


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule; it is never changed, only ended, so that what it did can be told for good."""

    rule_id: UUID
    area_id: UUID | None
    camera_id: UUID | None
    """One of the two."""
    kind: str | None = None
    """Of `KINDS`; None: whatever there is."""
    zone: str | None = None
    window: Window = ALWAYS
    tells: Tells = Tells.EVERYBODY
    team_id: UUID | None = None
    wait_s: int = 60
    """How long a team has before the next are called."""
    urgency: Urgency = Urgency.AS_IS
    made_utc_us: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that people did, or that befell a camera, and in which zone."""

    kind: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who must know, and how urgent it is; the first word is of no rule at all."""

    tells: Tells = Tells.EVERYBODY
    team_id: UUID | None = None
    wait_s: int = 60
    urgency: Urgency = Urgency.AS_IS
    rule_id: UUID | None = None
    """The rule that said whom to tell; None: none did, or two that are not of one mind."""
    reason: str = ""
    """Of that rule."""


DEFAULT: Final = Verdict()
Timed = tuple[AlertRule, datetime]
"""A rule, and the moment in question on the wall of its town."""
_LOUDNESS: Final = (Tells.NOBODY, Tells.TEAM, Tells.EVERYBODY)
_URGENCY: Final = (Urgency.USUAL, Urgency.AS_IS, Urgency.CRITICAL)


def done(kind: str, rules: Rules) -> tuple[Done, ...]:
    """What an alert of this kind, whose people met these rules of the camera, is judged by."""
    if kind.startswith("tamper_"):
        return (Done(TAMPER),)
    if kind in TROUBLES:
        return (Done(NODE),)
    return tuple(Done(one.rule, one.place) for one in rules) or (Done(kind),)


def judge(
    rules: Sequence[Timed], camera: CameraPlace, what: Iterable[Done], parents: Parents
) -> Verdict:
    """Who must know of what was done at this camera."""
    if not rules:
        return DEFAULT
    ranks = _ranks(camera, parents)
    found = [verdict_of(_counting(rules, camera, one, ranks), one) for one in what]
    return _louder(found) if found else DEFAULT


def verdict_of(rule: AlertRule | None, what: Done) -> Verdict:
    """What a rule says of one thing."""
    if rule is None:
        return DEFAULT
    tells, team_id = rule.tells, rule.team_id
    if what.kind == NODE:
        tells, team_id = Tells.EVERYBODY, None  # its keepers; troubles follow no plan
    return Verdict(tells, team_id, rule.wait_s, rule.urgency, rule.rule_id, rule.reason)


def matches(rule: AlertRule, at: datetime, what: Done) -> bool:
    """Whether the rule is of this, its place aside."""
    if rule.tells is Tells.NOBODY and what.kind in NEVER_QUIET:
        return False
    return (
        (rule.kind is None or rule.kind == what.kind)
        and (rule.zone is None or rule.zone == what.zone)
        and rule.window.holds(at)
    )


def _counting(
    rules: Sequence[Timed], camera: CameraPlace, what: Done, ranks: dict[UUID, int]
) -> AlertRule | None:
    here = [
        rule
        for rule, at in rules
        if (rule.camera_id == camera.camera_id or rule.area_id in ranks) and matches(rule, at, what)
    ]
    return max(here, key=lambda rule: _exactness(rule, ranks), default=None)


def _exactness(rule: AlertRule, ranks: dict[UUID, int]) -> tuple[object, ...]:
    is_of_camera = rule.camera_id is not None
    return (
        1 if is_of_camera else -ranks[rule.area_id] if rule.area_id is not None else -len(ranks),
        rule.zone is not None,
        rule.kind is not None,
        rule.window.is_dated,
        not rule.window.is_always,
        _LOUDNESS.index(rule.tells),
        _URGENCY.index(rule.urgency),
        rule.made_utc_us,
        rule.rule_id,
    )


def _ranks(camera: CameraPlace, parents: Parents) -> dict[UUID, int]:
    """The camera's area is 0, the one above it 1 ...; a ring of areas ends."""
    ranks: dict[UUID, int] = {}
    here: UUID | None = camera.area_id
    while here is not None and here not in ranks:
        ranks[here] = len(ranks)
        here = parents.get(here)
    return ranks


def _louder(found: Sequence[Verdict]) -> Verdict:
    """One word of several: two teams at once are everybody."""
    urgency = max((one.urgency for one in found), key=_URGENCY.index)
    tells = max((one.tells for one in found), key=_LOUDNESS.index)
    loud = [one for one in found if one.tells is tells]
    if tells is Tells.TEAM and len({one.team_id for one in loud}) > 1:
        return Verdict(urgency=urgency)
    first = min(loud, key=lambda one: one.wait_s)
    return replace(first, urgency=urgency)


def with_team_first(plan: Plan | None, team_id: UUID, wait_s: int) -> Plan:
    """A plan that calls a team before all else; where there is none, everybody after it."""
    steps = plan.steps if plan is not None else (Step(Whom.EVERYBODY, LONGEST_WAIT_S),)
    return Plan((Step(Whom.TEAM, wait_s, team_id), *steps), plan.repeats if plan else 0)


def empty_hours(window: Window, roster: Roster) -> list[Hole]:
    """When in the window nobody of a roster is on duty, on the days of `SOME_MONDAY`'s week."""
    always = replace(window, from_day=None, until_day=None)
    found: list[Hole] = []
    for hole in weekly_holes(roster):
        found += _within(always, hole)
    return found


def _within(window: Window, hole: Hole) -> list[Hole]:
    """The pieces of a hole that lie in the window."""
    edges = {hole.starts, hole.ends}
    day = hole.starts.date() - timedelta(days=1)
    while day <= hole.ends.date():
        midnight = datetime.combine(day, datetime.min.time())
        for minute in (0, window.starts_minute, window.ends_minute):
            edge = midnight + timedelta(minutes=minute)
            if hole.starts < edge < hole.ends:
                edges.add(edge)
        day += timedelta(days=1)
    cuts = sorted(edges)
    pieces: list[Hole] = []
    for starts, ends in itertools.pairwise(cuts):
        if not window.holds(starts):
            continue
        if pieces and pieces[-1].ends == starts:
            pieces[-1] = Hole(pieces[-1].starts, ends)
        else:
            pieces.append(Hole(starts, ends))
    return pieces


class RuleFault(StrEnum):
    """Why a rule cannot be."""

    PLACE = "place"
    KIND = "kind"
    DAYS = "days"
    TIME = "time"
    DATES = "dates"
    TEAM = "team"
    WAIT = "wait"
    NEVER_QUIET = "never_quiet"
    NOTHING = "nothing"
    MANY = "many"


def faults(rule: AlertRule) -> list[RuleFault]:
    """What keeps a rule from being used; empty: nothing."""
    window = rule.window
    first, last = window.from_day, window.until_day
    wrong = {
        RuleFault.PLACE: (rule.area_id is None) == (rule.camera_id is None),
        RuleFault.KIND: rule.kind is not None and rule.kind not in KINDS,
        RuleFault.DAYS: not window.weekdays or not window.weekdays <= frozenset(range(7)),
        RuleFault.TIME: not all(
            0 <= one < DAY_MINUTES for one in (window.starts_minute, window.ends_minute)
        ),
        RuleFault.DATES: first is not None and last is not None and last < first,
        RuleFault.TEAM: (rule.tells is Tells.TEAM) != (rule.team_id is not None)
        or (rule.tells is Tells.TEAM and rule.kind == NODE),
        RuleFault.WAIT: not 10 <= rule.wait_s <= LONGEST_WAIT_S,
        RuleFault.NEVER_QUIET: rule.tells is Tells.NOBODY and rule.kind in NEVER_QUIET,
        RuleFault.NOTHING: rule.tells is Tells.NOBODY and rule.urgency is Urgency.CRITICAL,
    }
    return [fault for fault, is_wrong in wrong.items() if is_wrong]
