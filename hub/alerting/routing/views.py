"""Views of the rules that say who must know."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from hub.alerting.oncall.roster_rows import Team
from hub.alerting.routing.rules import AlertRule, RoutingDecision, Window
from hub.registry.zones import ZoneLabels


@dataclass(frozen=True, slots=True)
class RulePlace:
    """A place for a rule: an area with all below it, or one camera."""

    area_id: UUID | None
    camera_id: UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class AlertRuleRow:
    """A rule as a page shows it."""

    rule: AlertRule
    place: str
    reason: str
    made_by_name: str | None
    """None: the keeper's shell."""
    may_end: bool


@dataclass(frozen=True, slots=True)
class RulesPage:
    """Active rules of the places the reader looks after, and the choices for a new one."""

    rules: tuple[AlertRuleRow, ...]
    places: tuple[RulePlace, ...]
    teams: Mapping[UUID, Team]
    """Teams that a rule of the reader's may call, and teams that a listed rule calls."""
    callable_teams: tuple[UUID, ...]
    seen_utc_us: int
    zones: ZoneLabels = field(default_factory=dict)
    """Zones and lines of the cameras they look after."""


@dataclass(frozen=True, slots=True)
class NewAlertRule:
    """A rule as it is entered."""

    area_id: UUID | None
    camera_id: UUID | None
    kind: str | None
    zone: str | None
    """Name or label of a zone or line; None: the whole view."""
    window: Window
    tells: str
    team_id: UUID | None
    wait_s: int
    urgency: str
    reason: str


@dataclass(frozen=True, slots=True)
class TriedAlert:
    """An alert of the last week as decided without and with the new rule."""

    alert_id: UUID
    camera: str
    """With its place."""
    kind: str
    began_utc_us: int
    before: RoutingDecision
    after: RoutingDecision


@dataclass(frozen=True, slots=True)
class RuleTrial:
    """Effect a rule would have had last week on alerts the reader may see."""

    rule: AlertRule
    place: str
    alerts: int
    """Alerts at its place in that week."""
    changed: tuple[TriedAlert, ...]
    """Alerts with other people told, or another urgency; newest first."""
    quiet: int
    """Number of these alerts that would have rung no phone."""
    first_day: date
