"""Views for people who keep rosters and plans."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from hub.access.area_names import AreaName
from hub.alerting.oncall.roster_rows import Team
from hub.alerting.oncall.rules.escalation import EscalationPlan


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """An area's own plan."""

    area: AreaName
    plan: EscalationPlan


@dataclass(frozen=True, slots=True)
class OnCallPage:
    """Teams and plans of the areas the asker looks after."""

    areas: list[AreaName]
    teams: list[Team]
    plans: list[AreaPlan]
    names: Mapping[UUID, str]
    """Names of all people in a team or a roster."""
    team_names: Mapping[UUID, str]
    """Names of all teams, including teams of other areas that a plan calls."""
    called: Mapping[UUID, Team]
    """Teams called by the plans."""
    seen_utc_us: int


@dataclass(frozen=True, slots=True)
class TeamPage:
    """One team with all details."""

    team: Team
    place: str
    names: Mapping[UUID, str]
    """Names of all people it names or may name."""
    may_be_called: tuple[UUID, ...]
    """In order of name."""
    reasons: Mapping[tuple[UUID, str], str]
    """Reasons of exceptions and substitutes, by shift and date."""
    seen_utc_us: int


@dataclass(frozen=True, slots=True)
class PlanPage:
    """An area's plan for editing."""

    area: AreaName
    plan: EscalationPlan | None
    teams: list[Team]
    """Teams it may call."""
