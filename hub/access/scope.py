"""The scope predicate of every query: the cameras a person may see, and how far back.

`hub.access.rules.grants.may` states the same rule in plain objects; a property test compares both.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final
from uuid import UUID
from zlib import crc32

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)

from hub.access.account_state import NOT_CLOSED
from hub.access.rules.grants import ALL, Right
from hub.access.rules.roles import FENCES
from hub.access.tables import grants, people
from hub.base.db.columns import AnyRow
from hub.base.moment import Moment
from hub.registry.tables import areas, cameras

_FENCES: Final = sorted(FENCES.items())
_ALL: Final = int(ALL)

WHO: Final = bindparam("scope_who", type_=Uuid)
NOW: Final = bindparam("scope_now", type_=BigInteger)
"""Parameters of statements that are built once; `visible_values` gives their values."""

NOT_REVOKED: Final = grants.c.is_ended.is_not(true())
"""The grant was not ended. This is a state and not a time, so that a clock set back revives no
grant."""


def visible_cameras(person_id: UUID, right: Right, now: Moment) -> Select[UUID, int]:
    """Rows of (camera_id, from_utc_us): cameras on which the person has `right` now, and how far
    back.

    `from_utc_us` is the earliest limit of all their grants there; 0: no limit.
    """
    return _visible(literal(person_id, Uuid), right, literal(now.utc_us, BigInteger))


def has_right(
    conn: Connection, person_id: UUID, camera_id: UUID, right: Right, now: Moment
) -> bool:
    """True if the person has this right on the camera now."""
    values = {**visible_values(person_id, now), "this_camera_id": camera_id}
    return conn.scalar(_having(right), values) is not None


@cache
def _having(right: Right) -> Select[UUID]:
    theirs = visible_to(right).subquery("theirs")
    this = bindparam("this_camera_id", type_=Uuid)
    return select(theirs.c.camera_id).where(theirs.c.camera_id == this)


def visible_to(right: Right) -> Select[UUID, int]:
    """The query of `visible_cameras`, with the values of `visible_values` as parameters: for a
    statement that is built once.

    Building the statement for each query costs several times its execution.
    """
    return _visible(WHO, right, NOW)


def visible_values(person_id: UUID, now: Moment) -> dict[str, object]:
    """Values of `WHO` and `NOW`."""
    return {"scope_who": person_id, "scope_now": now.utc_us}


def _visible(
    who: ColumnElement[UUID], right: Right, now_utc_us: ColumnElement[int]
) -> Select[UUID, int]:
    counting = _counting(who, right, now_utc_us, name=f"{int(right)}")
    covered = _covered(counting)
    by_area = select(cameras.c.id.label("camera_id"), covered.c.from_utc_us).join(
        covered, cameras.c.area_id == covered.c.area_id
    )
    by_camera = select(counting.c.camera_id, counting.c.from_utc_us).where(
        counting.c.camera_id.is_not(None)
    )
    both = by_area.union_all(by_camera).subquery("both")
    return select(
        both.c.camera_id, func.min(both.c.from_utc_us, type_=BigInteger).label("from_utc_us")
    ).group_by(both.c.camera_id)


def tended_areas(person_id: UUID, now: Moment) -> Select[UUID]:
    """Ids of the areas whose nodes this person looks after, including areas without a camera."""
    return areas_with(person_id, Right.MANAGE, now)


def areas_with(person_id: UUID, right: Right, now: Moment) -> Select[UUID]:
    """Ids of the areas where this person has that right, including areas without a camera."""
    who, now_utc_us = literal(person_id, Uuid), literal(now.utc_us, BigInteger)
    covered = _covered(_counting(who, right, now_utc_us, name=f"areas_{int(right)}"))
    return select(covered.c.area_id)


@cache
def areas_to(right: Right) -> Select[UUID]:
    """The query of `areas_with`, with the values of `visible_values` as parameters."""
    return select(_covered(_counting(WHO, right, NOW, name=f"areas_to_{int(right)}")).c.area_id)


def tended_area_ids(conn: Connection, person_id: UUID, now: Moment) -> set[UUID]:
    """The areas of `tended_areas`; most pages ask for them."""
    return set(conn.scalars(areas_to(Right.MANAGE), visible_values(person_id, now)))


def _counting(
    who: ColumnElement[UUID], right: Right, now_utc_us: ColumnElement[int], *, name: str
) -> CTE:
    """The person's valid grants of this right; the name lets one statement use two of these."""
    return (
        select(
            grants.c.area_id,
            grants.c.camera_id,
            func.coalesce(grants.c.history_from_utc_us, 0).label("from_utc_us"),
        )
        .where(grants.c.person_id == who, grant_counts(literal(int(right)), now_utc_us))
        .cte(f"counting_{name}")
    )


def _covered(counting: CTE) -> CTE:
    """Their areas and all below. Each area is visited once, and a cycle of areas ends."""
    # UNION, not UNION ALL: it removes repeats and so ends a cycle.
    covered = (
        select(counting.c.area_id, counting.c.from_utc_us)
        .where(counting.c.area_id.is_not(None))
        .cte(f"covered_by_{counting.name}", recursive=True)
    )
    return covered.union(
        select(areas.c.id, covered.c.from_utc_us).join(
            covered, areas.c.parent_id == covered.c.area_id
        )
    )


def entitled_values(camera_id: UUID, right: Right, now: Moment) -> dict[str, object]:
    """Values of the parameters of `ENTITLED`."""
    return {"scope_camera_id": camera_id, "scope_right": int(right), "scope_now": now.utc_us}


def entitled(these: Select[UUID]) -> Select[UUID]:
    """People with a right on any of these cameras, at the moment in the parameters."""
    above = (
        select(cameras.c.area_id, areas.c.parent_id)
        .join(areas, areas.c.id == cameras.c.area_id)
        .where(cameras.c.id.in_(these))
        .cte("above", recursive=True)
    )
    above = above.union(
        select(areas.c.id, areas.c.parent_id).join(above, areas.c.id == above.c.parent_id)
    )
    right = bindparam("scope_right", type_=Integer)
    return (
        select(grants.c.person_id)
        .distinct()
        .where(
            or_(grants.c.camera_id.in_(these), grants.c.area_id.in_(select(above.c.area_id))),
            grant_counts(right, NOW),
        )
    )


def same_audience(
    conn: Connection, camera_ids: Iterable[UUID]
) -> tuple[list[AnyRow], dict[UUID, UUID]]:
    """Rows with `id` and `area_id` of these cameras, and for each camera another one that the same
    people may see: both are in the same area, and neither has a grant of its own."""
    own = exists().where(grants.c.camera_id == cameras.c.id).label("is_granted")
    query = select(cameras.c.id, cameras.c.area_id, own).where(cameras.c.id.in_([*camera_ids]))
    rows = list(conn.execute(query.order_by(cameras.c.id)))
    firsts: dict[UUID, UUID] = {}
    found = {
        row.id: row.id if row.is_granted else firsts.setdefault(row.area_id, row.id) for row in rows
    }
    return rows, found


def recorded(
    stamp_utc_us: ColumnElement[int],
    stamp_error_ms: ColumnElement[int | None],
    received_utc_us: ColumnElement[int],
) -> ColumnElement[int]:
    """Time of recording: the node's time, or the hub's if the node's is not verified."""
    return case((stamp_error_ms.is_(None), received_utc_us), else_=stamp_utc_us)


def grant_counts(right: ColumnElement[int], now_utc_us: ColumnElement[int]) -> ColumnElement[bool]:
    """SQL condition: the grant has started, has not ended and carries the right; the person's
    account is open, and their role allows that right."""
    fence = case({role: int(rights) for role, rights in _FENCES}, value=people.c.role, else_=_ALL)
    can_have = fence.bitwise_and(right) == right
    return and_(
        grants.c.rights.bitwise_and(right) == right,
        in_force(grants, now_utc_us),
        # Not IN: SQLite would read all people for the grants of one.
        exists().where(people.c.id == grants.c.person_id, NOT_CLOSED, can_have).correlate(grants),
    )


def in_force(held: FromClause, now_utc_us: ColumnElement[int]) -> ColumnElement[bool]:
    """SQL condition: the grant in this table, or in an alias of it, has started and is not over."""
    ends_utc_us = held.c.ends_utc_us
    return and_(
        held.c.starts_utc_us <= now_utc_us,
        or_(ends_utc_us.is_(None), ends_utc_us > now_utc_us),
        held.c.is_ended.is_not(true()),
    )


# Built once: it runs for every new alert, and building costs more than execution.
ENTITLED: Final = entitled(select(bindparam("scope_camera_id", type_=Uuid)))
"""Ids of the people who have a right on a camera: the rule of `visible_cameras`, inverted."""

IS_AMONG: Final = grants.c.person_id.in_(bindparam("scope_people", expanding=True, type_=Uuid))
"""Only the grants of these people, found by the index of their ids. Whoever asks for a few people
does not read all of a town."""


_SCOPES: Final = {right: visible_to(right) for right in (Right.SEE, Right.ALERTED, Right.MANAGE)}


def scope_now(conn: Connection, person_id: UUID, now: Moment) -> frozenset[tuple[Right, UUID, int]]:
    """Cameras that this person may see, is alerted of or looks after: right, camera, and from when
    recordings count."""
    values = visible_values(person_id, now)
    return frozenset(
        (right, row.camera_id, row.from_utc_us)
        for right, scope in _SCOPES.items()
        for row in conn.execute(scope, values)
    )


def scope_mark(conn: Connection, person_id: UUID, now: Moment) -> int:
    """A number that changes with `scope_now`, the same in every process; it reveals nothing
    itself."""
    return crc32(repr(sorted(scope_now(conn, person_id, now))).encode())


_ANY_AREA: Final = areas_to(Right.MANAGE).limit(1)
_ANY_CAMERA: Final = _SCOPES[Right.MANAGE].limit(1)


def tends_area(conn: Connection, person_id: UUID, now: Moment) -> bool:
    """True if this person looks after any area."""
    return conn.execute(_ANY_AREA, visible_values(person_id, now)).first() is not None


def tends_any(conn: Connection, person_id: UUID, now: Moment) -> bool:
    """True if this person looks after any camera, or an area without cameras."""
    if tends_area(conn, person_id, now):
        return True
    return conn.execute(_ANY_CAMERA, visible_values(person_id, now)).first() is not None


def tended_cameras(person_id: UUID, now: Moment) -> Select[UUID, int]:
    """The cameras this person looks after, in the form of `visible_cameras`."""
    return visible_cameras(person_id, Right.MANAGE, now)
