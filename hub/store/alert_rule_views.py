"""What the door hands to those who say who must know of what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from hub.alerts.alert_rules import AlertRule, Verdict, Window
from hub.store.roster_rows import Team


@dataclass(frozen=True, slots=True)
class RulePlace:
    """Where a rule may be: an area with all below it, or one camera."""

    area_id: UUID | None
    camera_id: UUID | None
    name: str


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule as a page shows it."""

    rule: AlertRule
    place: str
    reason: str
    made_by_name: str | None
    """None: the keeper's shell."""
    may_end: bool


@dataclass(frozen=True, slots=True)
class RulesPage:
    """The rules that count where the reader looks after something, and what may be chosen."""

    rules: tuple[RuleRow, ...]
    places: tuple[RulePlace, ...]
    teams: Mapping[UUID, Team]
    """Those that a rule of the reader's may call, and those that one calls."""
    callable_teams: tuple[UUID, ...]
    seen_utc_us: int


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule as it is entered."""

    area_id: UUID | None
    camera_id: UUID | None
    kind: str | None
    zone: str | None
    window: Window
    tells: str
    team_id: UUID | None
    wait_s: int
    urgency: str
    reason: str


@dataclass(frozen=True, slots=True)
class TriedAlert:
    """An alert of the last week as the rules would have it, without and with a new one."""

    alert_id: UUID
    camera_label: str
    kind: str
    began_utc_us: int
    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would have done last week, to alerts that the reader may see."""

    rule: AlertRule
    place: str
    alerts: int
    """At its place in that week."""
    changed: tuple[TriedAlert, ...]
    """Those of which somebody else would have been told, or more or less loudly; newest first."""
    quiet: int
    """Of those: nobody's phone would have rung."""
    first_day: date
