"""Alert routing: which rule decides the recipients and the urgency of an alert.

A rule covers a place (an area with its sub-areas, or one camera), optionally a zone, a kind and a
time window, and names the recipients. Where no rule matches, everybody entitled is told, by the
escalation plan of the area. So a town without rules misses nothing, and a rule changes only what it
names.

Each thing done is judged by the most specific matching rule: nearest place first, then zone, kind,
dates, hours. If several things were done at once, the loudest decision wins: a rule that silences
passers-by does not silence loitering. Tampering and lost nodes always reach somebody.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.access.rules.grants import CameraPlace, Parents
from hub.alerting.alerts.rules.kinds import Kind, is_tampering, is_trouble
from hub.alerting.alerts.rules.rules_met import FIRST_SAID, Rules
from hub.alerting.oncall.rules.escalation import (
    LONGEST_WAIT_S,
    EscalationPlan,
    EscalationStep,
    StepRecipients,
)
from hub.alerting.oncall.rules.rosters import DAY_MINUTES, CoverageGap, Roster, weekly_gaps

TAMPER: Final = "tamper"
NODE: Final = "node"
KINDS: Final = (Kind.PERSON, Kind.CROWD, *FIRST_SAID, Kind.TIP, TAMPER, NODE)
"""Kinds that a rule can name. A person who met a rule of the camera has that rule's kind only."""
NEVER_QUIET: Final = frozenset({TAMPER, NODE})


class RuleRecipients(StrEnum):
    """Recipients of a rule."""

    EVERYBODY = "everybody"
    """The default: everybody entitled, by the escalation plan of the area."""
    TEAM = "team"
    """The team members on duty; if nobody answers, the escalation plan."""
    NOBODY = "nobody"
    """The inbox only; no phone rings."""


class Urgency(StrEnum):
    """Urgency set by a rule."""

    AS_IS = "as_is"
    """Unchanged: the urgency of the kind and of the camera's own rules."""
    CRITICAL = "critical"
    USUAL = "usual"
    """Never critical: quiet hours and rate limits can hold it back."""


@dataclass(frozen=True, slots=True)
class Window:
    """Time window of a rule, in local time; a window belongs to the day on which it begins."""

    weekdays: frozenset[int] = frozenset(range(7))
    """Monday is 0."""
    starts_minute: int = 0
    ends_minute: int = 0
    """Minute of the day. Before the start: on the next day. Equal to the start: the whole day."""
    from_day: date | None = None
    until_day: date | None = None
    """The last day; None: no end."""

    @property
    def is_always(self) -> bool:
        """True if the window covers every hour of every weekday; dates are not looked at."""
        return self.starts_minute == self.ends_minute and len(self.weekdays) == 7

    @property
    def is_dated(self) -> bool:
        """True if the window has a first or a last day."""
        return self.from_day is not None or self.until_day is not None

    def holds(self, at: datetime) -> bool:
        """True if this local time lies in the window."""
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
    """One rule. A rule is never changed, only ended, so that past decisions stay explainable."""

    rule_id: UUID
    area_id: UUID | None
    camera_id: UUID | None
    """Exactly one of `area_id` and `camera_id` is set."""
    kind: str | None = None
    """One of `KINDS`; None: any kind."""
    zone: str | None = None
    window: Window = ALWAYS
    tells: RuleRecipients = RuleRecipients.EVERYBODY
    team_id: UUID | None = None
    wait_s: int = 60
    """Seconds a team has before the next step of the plan."""
    urgency: Urgency = Urgency.AS_IS
    made_utc_us: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RuleSubject:
    """One thing people did or that happened to a camera, and its zone."""

    kind: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Recipients and urgency of an alert; the defaults are those without any rule."""

    tells: RuleRecipients = RuleRecipients.EVERYBODY
    team_id: UUID | None = None
    wait_s: int = 60
    urgency: Urgency = Urgency.AS_IS
    rule_id: UUID | None = None
    """The deciding rule; None: no rule matched, or two rules name different teams."""
    reason: str = ""
    """Reason given for that rule."""


DEFAULT: Final = RoutingDecision()
Timed = tuple[AlertRule, datetime]
"""A rule and the local time of the alert at the rule's place."""
_LOUDNESS: Final = (RuleRecipients.NOBODY, RuleRecipients.TEAM, RuleRecipients.EVERYBODY)
_URGENCY: Final = (Urgency.USUAL, Urgency.AS_IS, Urgency.CRITICAL)


def subjects_of(kind: str, rules: Rules) -> tuple[RuleSubject, ...]:
    """The subjects by which an alert is judged, from its kind and the camera rules people met."""
    if is_tampering(kind):
        return (RuleSubject(TAMPER),)
    if is_trouble(kind):
        return (RuleSubject(NODE),)
    return tuple(RuleSubject(one.rule, one.place) for one in rules) or (RuleSubject(kind),)


def judge(
    rules: Sequence[Timed], camera: CameraPlace, what: Iterable[RuleSubject], parents: Parents
) -> RoutingDecision:
    """Recipients and urgency for what was done at this camera."""
    if not rules:
        return DEFAULT
    ranks = _ranks(camera, parents)
    found = [decision_of(_counting(rules, camera, one, ranks), one) for one in what]
    return _louder(found) if found else DEFAULT


def decision_of(rule: AlertRule | None, what: RuleSubject) -> RoutingDecision:
    """Decision of one rule for one subject."""
    if rule is None:
        return DEFAULT
    tells, team_id = rule.tells, rule.team_id
    if what.kind == NODE:
        tells, team_id = RuleRecipients.EVERYBODY, None  # its keepers; troubles follow no plan
    return RoutingDecision(tells, team_id, rule.wait_s, rule.urgency, rule.rule_id, rule.reason)


def matches(rule: AlertRule, at: datetime, what: RuleSubject) -> bool:
    """True if kind, zone and time of the rule match; the place is not checked."""
    if rule.tells is RuleRecipients.NOBODY and what.kind in NEVER_QUIET:
        return False
    return (
        (rule.kind is None or rule.kind == what.kind)
        and (rule.zone is None or rule.zone == what.zone)
        and rule.window.holds(at)
    )


def _counting(
    rules: Sequence[Timed], camera: CameraPlace, what: RuleSubject, ranks: dict[UUID, int]
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
    """Distance of each area above the camera: its own is 0. Stops at a cycle."""
    ranks: dict[UUID, int] = {}
    here: UUID | None = camera.area_id
    while here is not None and here not in ranks:
        ranks[here] = len(ranks)
        here = parents.get(here)
    return ranks


def _louder(found: Sequence[RoutingDecision]) -> RoutingDecision:
    """Merge several decisions; two different teams become everybody."""
    urgency = max((one.urgency for one in found), key=_URGENCY.index)
    tells = max((one.tells for one in found), key=_LOUDNESS.index)
    loud = [one for one in found if one.tells is tells]
    if tells is RuleRecipients.TEAM and len({one.team_id for one in loud}) > 1:
        return RoutingDecision(urgency=urgency)
    first = min(loud, key=lambda one: one.wait_s)
    return replace(first, urgency=urgency)


def with_team_first(plan: EscalationPlan | None, team_id: UUID, wait_s: int) -> EscalationPlan:
    """The plan with a team as its first step; without a plan, everybody follows the team."""
    steps = (
        plan.steps
        if plan is not None
        else (EscalationStep(StepRecipients.EVERYBODY, LONGEST_WAIT_S),)
    )
    return EscalationPlan(
        (EscalationStep(StepRecipients.TEAM, wait_s, team_id), *steps), plan.repeats if plan else 0
    )


def empty_hours(window: Window, roster: Roster) -> list[CoverageGap]:
    """Coverage gaps of a roster within the window, in the week of `SOME_MONDAY`."""
    always = replace(window, from_day=None, until_day=None)
    found: list[CoverageGap] = []
    for gap in weekly_gaps(roster):
        found += _within(always, gap)
    return found


def _within(window: Window, gap: CoverageGap) -> list[CoverageGap]:
    """The parts of a gap that lie in the window."""
    edges = {gap.starts, gap.ends}
    day = gap.starts.date() - timedelta(days=1)
    while day <= gap.ends.date():
        midnight = datetime.combine(day, datetime.min.time())
        for minute in (0, window.starts_minute, window.ends_minute):
            edge = midnight + timedelta(minutes=minute)
            if gap.starts < edge < gap.ends:
                edges.add(edge)
        day += timedelta(days=1)
    cuts = sorted(edges)
    pieces: list[CoverageGap] = []
    for starts, ends in itertools.pairwise(cuts):
        if not window.holds(starts):
            continue
        if pieces and pieces[-1].ends == starts:
            pieces[-1] = CoverageGap(pieces[-1].starts, ends)
        else:
            pieces.append(CoverageGap(starts, ends))
    return pieces


class RuleFault(StrEnum):
    """Why a rule is invalid."""

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
    """The faults of a rule; empty if it is valid."""
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
        RuleFault.TEAM: (rule.tells is RuleRecipients.TEAM) != (rule.team_id is not None)
        or (rule.tells is RuleRecipients.TEAM and rule.kind == NODE),
        RuleFault.WAIT: not 10 <= rule.wait_s <= LONGEST_WAIT_S,
        RuleFault.NEVER_QUIET: rule.tells is RuleRecipients.NOBODY and rule.kind in NEVER_QUIET,
        RuleFault.NOTHING: rule.tells is RuleRecipients.NOBODY and rule.urgency is Urgency.CRITICAL,
    }
    return [fault for fault, is_wrong in wrong.items() if is_wrong]
