"""Query of a person's own grants that ended: what, when, and whom to ask.

Only services call it. It tells a person of their own grants alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, case, literal, select

from hub.access.account_state import NOT_CLOSED
from hub.access.grants.rows import camera_homes, grant_of, home_of
from hub.access.grants.views import EndedGrants, EndedRow
from hub.access.rules.delegation import Homes, holds_place, place_of
from hub.access.rules.ended import (
    EndedGrant,
    HeldGrant,
    ended,
    is_lately_over,
    last_ended_there,
)
from hub.access.rules.grants import Grant, Parents, Right, at_or_above, counts
from hub.access.rules.roles import fence_of, may_give
from hub.access.scope import WHO, grant_counts
from hub.access.tables import grants, people
from hub.base.db.columns import AnyRow, AnySelect
from hub.base.moment import Moment
from hub.registry.areas import area_parents, places
from hub.registry.tables import cameras

MOST_NAMES: Final = 3
WATCHING: Final = Right.SEE | Right.ALERTED | Right.MANAGE
"""Rights that show something in the list of alerts; one of them is enough."""


@dataclass(frozen=True, slots=True)
class _Manager:
    """A grant by which somebody can give rights on its place."""

    person_id: UUID
    name: str
    grant: Grant


def ended_grants(conn: Connection, person_id: UUID, now: Moment) -> EndedGrants:
    """Grants of this person that ended within the last weeks and were not replaced."""
    rows = conn.execute(_HELD, {"scope_who": person_id}).all()
    if not rows:
        return EndedGrants((), watches=False)
    held, fence = [_held(row, now) for row in rows], fence_of(rows[0].role)
    watches = any(
        one.grant.rights & fence & WATCHING
        for one in held
        if not one.is_revoked and counts(one.grant, now.utc_us)
    )
    if not any(is_lately_over(one, now.utc_us) for one in held):
        return EndedGrants((), watches)  # most readers: without a look at all areas and cameras
    parents, homes = area_parents(conn), camera_homes(conn)
    found = ended(held, parents, homes, now_utc_us=now.utc_us, fence=fence)
    return EndedGrants(_told(conn, person_id, found, parents, homes, now), watches)


def ended_there(
    conn: Connection, person_id: UUID, camera_id: UUID, at_utc_us: int, now: Moment
) -> EndedRow | None:
    """The grant of this person, over now, by which they watched this camera at that time; the one
    that ended last. None: there was none."""
    rows = conn.execute(_HELD, {"scope_who": person_id}).all()
    if not rows:
        return None
    held, fence = [_held(row, now) for row in rows], fence_of(rows[0].role)
    parents, homes = area_parents(conn), camera_homes(conn)
    one = last_ended_there(
        held, camera_id, at_utc_us, parents, homes, now_utc_us=now.utc_us, rights=WATCHING & fence
    )
    return None if one is None else _told(conn, person_id, [one], parents, homes, now)[0]


def _told(
    conn: Connection,
    person_id: UUID,
    found: Sequence[EndedGrant],
    parents: Parents,
    homes: Homes,
    now: Moment,
) -> tuple[EndedRow, ...]:
    managers = _managers(conn, person_id, now) if found else ()
    labels = _labels(conn, [one.grant.camera_id for one in found])
    homes_of = [home_of(one.grant, homes) for one in found]
    where = places(conn, {area_id for area_id in homes_of if area_id is not None})
    return tuple(
        EndedRow(
            place="" if area_id is None else where.get(area_id, ""),
            camera_label=labels.get(one.grant.camera_id),
            rights=one.rights,
            ended_utc_us=one.ended_utc_us,
            how=one.how,
            ask=_whom_to_ask(one, managers, parents, homes),
        )
        for one, area_id in zip(found, homes_of, strict=True)
    )


def _held_query() -> AnySelect:
    source = grants.alias("source")
    return (
        select(
            grants,
            source.c.is_ended.label("source_ended"),
            source.c.ends_utc_us.label("source_ends_utc_us"),
            case((NOT_CLOSED, people.c.role), else_="").label("role"),
        )
        .join(people, people.c.id == grants.c.person_id)
        .outerjoin(source, source.c.id == grants.c.from_grant_id)
        .where(grants.c.person_id == WHO)
    )


_HELD: Final = _held_query()  # built once: every inbox runs it


def _held(row: AnyRow, now: Moment) -> HeldGrant:
    return HeldGrant(
        grant_of(row),
        is_revoked=bool(row.is_ended),
        granted_by=row.granted_by,
        is_source_over=bool(row.source_ended)
        or (row.source_ends_utc_us is not None and row.source_ends_utc_us <= now.utc_us),
    )


def _managers(conn: Connection, person_id: UUID, now: Moment) -> Sequence[_Manager]:
    """Everybody else who can give rights somewhere."""
    manages = grant_counts(literal(int(Right.MANAGE)), literal(now.utc_us))
    query = (
        select(grants, people.c.name, people.c.role)
        .join(people, people.c.id == grants.c.person_id)
        .where(manages, grants.c.person_id != person_id)
    )
    return [
        _Manager(row.person_id, row.name, grant_of(row))
        for row in conn.execute(query)
        if may_give(row.role)
    ]


def _whom_to_ask(
    one: EndedGrant, managers: Sequence[_Manager], parents: Parents, homes: Homes
) -> tuple[str, ...]:
    """The giver if they look after the place still; else those who do, the nearest first."""
    place = place_of(one.grant, homes)
    here = [other for other in managers if holds_place(other.grant, place, parents)]
    giver = [other.name for other in here if other.person_id == one.granted_by]
    if giver:
        return (giver[0],)
    near = sorted(here, key=lambda other: (-_depth(other.grant, parents), other.name))
    return tuple(dict.fromkeys(other.name for other in near))[:MOST_NAMES]


def _depth(grant: Grant, parents: Parents) -> int:
    """Number of levels below the top; a single camera is deeper than any area."""
    return 1000 if grant.area_id is None else len(at_or_above(grant.area_id, parents))


def _labels(conn: Connection, camera_ids: Sequence[UUID | None]) -> dict[UUID | None, str]:
    ids = [one for one in camera_ids if one is not None]
    query = select(cameras.c.id, cameras.c.label).where(cameras.c.id.in_(ids))
    return {row.id: row.label for row in conn.execute(query)}
