"""Rows of grants that people give and revoke; in the caller's transaction, each with its audit
line.

Every giver is checked by `hub.access.rules.delegation` here, whatever a page accepted. A grant made
from another ends with it: when that one is revoked, when its person's account is closed or gets a
role that cannot have it, and when a border is moved between the two.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from hub.access.account_state import NOT_CLOSED
from hub.access.grants.faults import GrantError, GrantFault
from hub.access.rules.delegation import Excess, Homes, OwnGrant, is_within, part
from hub.access.rules.grants import Grant, Right, at_or_above
from hub.access.rules.roles import ENDING, Role, fence_of, gives_for_good, may_give
from hub.access.scope import NOT_REVOKED
from hub.access.tables import grants, people
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import SHELL, By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.moment import Moment
from hub.base.text.normalize import fold
from hub.registry.areas import area_parents
from hub.registry.tables import areas, cameras

REASON_CHARS: Final = 300
WIDE_LEVELS: Final = frozenset(
    {"province", "city", "commune", "ward", "township", "tinh", "thanh pho", "xa", "phuong"}
    | {"thi tran", "dac khu"}
)
"""Levels too wide for a neighbourhood board, normalised. Levels are data; these are the usual
names."""


def write(
    conn: Connection,
    *,
    person_id: UUID,
    grant: Grant,
    reason: str,
    now: Moment,
    by: By,
    from_grant_id: UUID | None = None,
) -> UUID:
    """Store a grant, if its person's role can have it."""
    if (grant.area_id is None) == (grant.camera_id is None):
        raise GrantError(GrantFault.PLACE)
    reason = text(reason.strip(), REASON_CHARS)
    if not reason:
        raise GrantError(GrantFault.REASON)
    _refuse_by_role(conn, person_id, grant, now)
    grant_id = new_id(now)
    conn.execute(
        insert(grants).values(
            id=grant_id,
            person_id=person_id,
            area_id=grant.area_id,
            camera_id=grant.camera_id,
            rights=int(grant.rights),
            reason=reason,
            granted_by=by.person_id,
            from_grant_id=from_grant_id,
            **columns("starts", Moment(grant.starts_utc_us, now.error_ms)),
            **columns("ends", _maybe(grant.ends_utc_us)),
            **columns("history_from", _maybe(grant.history_from_utc_us)),
        )
    )
    rights = ",".join(str(one.name).lower() for one in grant.rights)
    detail = Detail("grant.given", rights=rights, reason=reason)
    log.note(
        conn, by, act="grant.add", object_kind="grant", object_id=grant_id, detail=detail, now=now
    )
    return grant_id


def give(
    conn: Connection,
    offer: Grant,
    *,
    giver_id: UUID,
    person_id: UUID,
    reason: str,
    ends_with_mine: bool,
    by: By,
    now: Moment,
) -> list[UUID]:
    """Give a grant from one person to another; raises GrantError beyond the giver's own rights.

    A keeper's grant is independent unless `ends_with_mine`. A grant from anybody else is always
    bound to theirs, and must have an end.
    """
    role = able_role(conn, giver_id)
    if role is None or not may_give(role):
        raise GrantError(GrantFault.RIGHTS)
    if person_id == giver_id:
        raise GrantError(GrantFault.SELF)
    ends_with_mine = ends_with_mine or not gives_for_good(role)
    starts = max(offer.starts_utc_us, now.utc_us)
    _check_offer(offer, starts_utc_us=starts, needs_end=ends_with_mine)
    parents, homes = area_parents(conn), camera_homes(conn)
    found = part(
        replace(offer, starts_utc_us=starts),
        owned(conn, giver_id),
        parents,
        homes,
        now_utc_us=now.utc_us,
        fence=fence_of(role),
    )
    if isinstance(found, Excess):
        raise GrantError(GrantFault(found.value))
    return [
        write(
            conn,
            person_id=person_id,
            grant=one.grant,
            reason=reason,
            now=now,
            by=by,
            from_grant_id=one.from_grant_id if ends_with_mine else None,
        )
        for one in found
    ]


def _check_offer(offer: Grant, *, starts_utc_us: int, needs_end: bool) -> None:
    if needs_end and offer.ends_utc_us is None:
        raise GrantError(GrantFault.NO_END)
    if offer.ends_utc_us is not None and offer.ends_utc_us <= starts_utc_us:
        raise GrantError(GrantFault.BACKWARDS)
    if not offer.rights:
        raise GrantError(GrantFault.RIGHTS)


def end(conn: Connection, grant_id: UUID, *, by: By, now: Moment) -> None:
    """End the grant, and all grants made from it."""
    _end_all(conn, [grant_id], act="grant.end", by=by, now=now)
    end_delegated(conn, grants.c.id == grant_id, by=by, now=now)


def end_of_person(conn: Connection, person_id: UUID, *, by: By, now: Moment) -> int:
    """End all grants of a person, and the grants made from them; returns the number."""
    theirs = grants.c.person_id == person_id
    ids = conn.scalars(select(grants.c.id).where(theirs, not_over(now))).all()
    _end_all(conn, ids, act="grant.end", by=by, now=now)
    end_delegated(conn, theirs, by=by, now=now)
    return len(ids)


def end_delegated(conn: Connection, which: ColumnElement[bool], *, by: By, now: Moment) -> None:
    """End all grants made from these, and the grants made from those in turn."""
    given = select(grants.c.id).where(grants.c.from_grant_id.in_(select(grants.c.id).where(which)))
    below = given.cte("given", recursive=True)
    below = below.union(select(grants.c.id).join(below, grants.c.from_grant_id == below.c.id))
    _end_all(conn, conn.scalars(select(below.c.id)), act="grant.end.with", by=by, now=now)


def end_strays(conn: Connection, *, by: By, now: Moment) -> int:
    """End grants that no longer lie inside the grant they were made from; returns the number.

    Call this after moving an area or a camera, or changing a role.
    """
    parents, homes = area_parents(conn), camera_homes(conn)
    own = grants.alias("own")
    giver = people.alias("giver")
    query = (
        select(grants, *(own.c[name].label(f"own_{name}") for name in _GRANT), giver.c.role)
        .join(own, own.c.id == grants.c.from_grant_id)
        .join(giver, giver.c.id == own.c.person_id)
        .where(not_over(now))
    )
    strays = [
        row.id
        for row in conn.execute(query)
        if not may_give(row.role)
        or not is_within(
            grant_of(row),
            grant_of(row, "own_"),
            parents,
            homes,
            fence=fence_of(row.role),
        )
    ]
    _end_all(conn, strays, act="grant.end.with", by=by, now=now)
    if strays:
        end_delegated(conn, grants.c.id.in_(strays), by=by, now=now)
    return len(strays)


def set_role(conn: Connection, person_id: UUID, role: str, *, by: By, now: Moment) -> None:
    """Set the person's role. Grants that the role cannot have end, and so do grants made from
    them."""
    if role not in set(Role):
        raise GrantError(GrantFault.UNKNOWN_ROLE)
    conn.execute(update(people).where(people.c.id == person_id).values(role=role))
    log.note(
        conn,
        by,
        act="person.role",
        object_kind="person",
        object_id=person_id,
        detail=Detail("person.role", role=role),
        now=now,
    )
    end_strays(conn, by=by, now=now)


def owned(conn: Connection, person_id: UUID) -> list[OwnGrant]:
    """All grants of a person that are not revoked, including expired ones."""
    query = select(grants).where(grants.c.person_id == person_id, NOT_REVOKED)
    return [OwnGrant(row.id, grant_of(row)) for row in conn.execute(query)]


_GRANT: Final = (
    "area_id",
    "camera_id",
    "rights",
    "starts_utc_us",
    "ends_utc_us",
    "history_from_utc_us",
)


def grant_of(row: AnyRow, prefix: str = "") -> Grant:
    """Convert a row of the table, or of one joined to it with other names."""
    area_id, camera_id, rights, starts, ends, history = (
        getattr(row, f"{prefix}{name}") for name in _GRANT
    )
    return Grant(area_id, camera_id, Right(rights), starts, ends, history)


def camera_homes(conn: Connection) -> Homes:
    """Area of every camera."""
    return {row.id: row.area_id for row in conn.execute(select(cameras.c.id, cameras.c.area_id))}


def able_role(conn: Connection, person_id: UUID) -> str | None:
    """The person's role; None for a closed account."""
    return conn.scalar(select(people.c.role).where(people.c.id == person_id, NOT_CLOSED))


def _refuse_by_role(conn: Connection, person_id: UUID, grant: Grant, now: Moment) -> None:
    role = able_role(conn, person_id)
    if role is None:
        raise GrantError(GrantFault.PERSON)
    if grant.rights & ~fence_of(role):
        raise GrantError(GrantFault.ROLE)
    if role in ENDING and grant.ends_utc_us is None:
        raise GrantError(GrantFault.NO_END)
    if role == Role.BOARD_MEMBER and not _is_one_small_place(conn, person_id, grant, now):
        raise GrantError(GrantFault.ONE_PLACE)


def _is_one_small_place(conn: Connection, person_id: UUID, grant: Grant, now: Moment) -> bool:
    """True if this grant and all their others lie in one area below every wide level."""
    homes, parents = camera_homes(conn), area_parents(conn)
    query = select(grants).where(grants.c.person_id == person_id, not_over(now))
    there = [home_of(one, homes) for one in (grant, *map(grant_of, conn.execute(query)))]
    above = [at_or_above(one, parents) for one in there if one is not None]
    common = frozenset.intersection(*above) if len(above) == len(there) else frozenset()
    levels = select(areas.c.level).where(areas.c.id.in_(common), areas.c.parent_id.is_not(None))
    return any(fold(level) not in WIDE_LEVELS for level in conn.scalars(levels))


def home_of(grant: Grant, homes: Homes) -> UUID | None:
    """The area of a grant, or of its camera."""
    return grant.area_id if grant.camera_id is None else homes.get(grant.camera_id)


def not_over(now: Moment) -> ColumnElement[bool]:
    """SQL condition: the grant is valid now or later."""
    return and_(NOT_REVOKED, or_(grants.c.ends_utc_us.is_(None), grants.c.ends_utc_us > now.utc_us))


def _end_all(conn: Connection, ids: Iterable[UUID], *, act: str, by: By, now: Moment) -> None:
    for grant_id in list(ids):
        done = conn.execute(
            update(grants)
            .where(grants.c.id == grant_id, not_over(now))
            .values(ended_by=by.person_id, is_ended=True, **columns("ends", now))
        )
        if done.rowcount:
            log.note(conn, by, act=act, object_kind="grant", object_id=grant_id, now=now)


def _maybe(utc_us: int | None) -> Moment | None:
    # A date set by a person is exact: no clock took part.
    return None if utc_us is None else Moment(utc_us, 0)


def add_grant(
    conn: Connection,
    *,
    person_id: UUID,
    grant: Grant,
    reason: str,
    now: Moment,
    granted_by: UUID | None = None,
) -> UUID:
    """Grant a person access to an area with all below it, or to one camera (exactly one of the
    two). Without `granted_by`, the log names the keeper's shell as the author. GrantError if the
    person's role does not allow the grant."""
    by = By(person_id=granted_by, came_from="" if granted_by else SHELL.came_from)
    return write(conn, person_id=person_id, grant=grant, reason=reason, now=now, by=by)


def end_grant(conn: Connection, grant_id: UUID, *, now: Moment) -> None:
    """End the grant and the grants that its person delegated from it."""
    end(conn, grant_id, by=SHELL, now=now)
