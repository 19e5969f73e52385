"""What the door hands to those who keep rosters and plans."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from hub.alerts.escalation import Plan
from hub.store.roster_rows import Team


@dataclass(frozen=True, slots=True)
class AreaName:
    """An area that the asker looks after, with those above it: "Ngã tư 1, Tân Khai"."""

    area_id: UUID
    place: str


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """An area's own plan."""

    area: AreaName
    plan: Plan


@dataclass(frozen=True, slots=True)
class DutyPage:
    """The teams and plans of the areas that the asker looks after."""

    areas: list[AreaName]
    teams: list[Team]
    plans: list[AreaPlan]
    names: Mapping[UUID, str]
    """Of all people who are in a team or a roster."""
    team_names: Mapping[UUID, str]
    """Of all teams, those of other areas that a plan calls too."""
    called: Mapping[UUID, Team]
    """The teams that the plans call."""
    seen_utc_us: int


@dataclass(frozen=True, slots=True)
class TeamPage:
    """All about one team."""

    team: Team
    place: str
    names: Mapping[UUID, str]
    """Of everybody it names, and of all whom it may name."""
    may_be_called: tuple[UUID, ...]
    """By name."""
    reasons: Mapping[tuple[UUID, str], str]
    """Of odd days and stand-ins, by shift and date."""
    seen_utc_us: int


@dataclass(frozen=True, slots=True)
class PlanPage:
    """An area's plan as it is edited."""

    area: AreaName
    plan: Plan | None
    teams: list[Team]
    """Those that it may call."""
