"""Limits of rosters by grants: people whom a roster may name, and teams that a person looks
after."""

from uuid import UUID

from sqlalchemy import CTE, Select, literal, or_, select

from hub.access.rules.grants import Right
from hub.access.scope import grant_counts, tended_areas
from hub.access.tables import grants
from hub.alerting.oncall.tables import teams
from hub.base.moment import Moment
from hub.registry.tables import areas, cameras


def tended_teams(person_id: UUID, now: Moment) -> Select[UUID]:
    """Ids of teams in areas whose nodes this person looks after."""
    return select(teams.c.id).where(
        teams.c.area_id.in_(tended_areas(person_id, now)), teams.c.ended_utc_us.is_(None)
    )


def may_be_called(area_id: UUID, now: Moment) -> Select[UUID]:
    """Ids of people who may be alerted for some camera in this area.

    Every alert checks again for its own camera.
    """
    below, above = _below(area_id), _above(area_id)
    here = or_(
        grants.c.area_id.in_(select(below.c.id)),
        grants.c.area_id.in_(select(above.c.id)),
        grants.c.camera_id.in_(
            select(cameras.c.id).where(cameras.c.area_id.in_(select(below.c.id)))
        ),
    )
    counts = grant_counts(literal(int(Right.ALERTED)), literal(now.utc_us))
    return select(grants.c.person_id).distinct().where(here, counts)


def _below(area_id: UUID) -> CTE:
    below = select(areas.c.id).where(areas.c.id == area_id).cte("duty_below", recursive=True)
    return below.union(select(areas.c.id).join(below, areas.c.parent_id == below.c.id))


def _above(area_id: UUID) -> CTE:
    start = select(areas.c.id, areas.c.parent_id).where(areas.c.id == area_id)
    above = start.cte("duty_above", recursive=True)
    return above.union(
        select(areas.c.id, areas.c.parent_id).join(above, areas.c.id == above.c.parent_id)
    )
