"""Queries for people who look after grants, limited to the areas they look after.

Only `hub.access.grants.service` calls these; it adds the audit.
"""

from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    func,
    literal,
    or_,
    select,
)

from hub.access.account_state import NOT_CLOSED
from hub.access.grants.rows import able_role, camera_homes, grant_of, not_over, owned
from hub.access.grants.views import (
    GrantArea,
    GrantForm,
    GrantPerson,
    GrantPlace,
    GrantRow,
    GrantsPage,
)
from hub.access.rules.delegation import has_as_much
from hub.access.rules.grants import Right, at_or_above, counts
from hub.access.rules.roles import Role, gives_for_good, may_give
from hub.access.scope import NOW, WHO, grant_counts, tended_area_ids, visible_cameras
from hub.access.tables import grants, people
from hub.base.audit.asker import Asker
from hub.base.db.columns import AnyRow
from hub.base.db.rows import from_row
from hub.base.moment import Moment
from hub.base.text.normalize import fold_login
from hub.base.text.order import by_name, by_place
from hub.registry.areas import area_parents, is_valid, places
from hub.registry.tables import areas, cameras


def grants_page(conn: Connection, asker: Asker, now: Moment) -> GrantsPage:
    """All grants, valid now or later, in the areas this person looks after and above them."""
    tended, seen = tended_places(conn, asker.person_id, now)
    parents = area_parents(conn)
    homes = {row.area_id for row in seen}
    shown = tended | homes
    above = set().union(*(at_or_above(one, parents) for one in shown)) - shown if shown else set()
    mine = {row.id for row in seen}
    rows = grant_rows(
        conn, asker, or_(grants.c.area_id.in_(shown | above), grants.c.camera_id.in_(mine)), now
    )
    here: dict[UUID, list[GrantRow]] = {one: [] for one in shown}
    from_above = []
    at = {row.id: row.area_id for row in seen}
    for row in rows:
        area_id = row.grant.area_id or at[row.grant.camera_id]
        if area_id in here:
            here[area_id].append(row)
        else:
            from_above.append(row)
    may_set_roles = keeps_everything(conn, asker, now)
    return GrantsPage(
        tree=tuple(_tree(conn, shown, here)),
        above=tuple(from_above),
        may_give=may_give(asker.role) and bool(shown),
        may_set_roles=may_set_roles,
        people=_people(conn, NOT_CLOSED),
        closed=_people(conn, ~NOT_CLOSED) if may_set_roles else (),
    )


def tended_places(conn: Connection, person_id: UUID, now: Moment) -> tuple[set[UUID], list[AnyRow]]:
    """Areas this person looks after, and the cameras with their areas and labels."""
    tended = tended_area_ids(conn, person_id, now)
    scope = visible_cameras(person_id, Right.MANAGE, now).subquery("tended_cameras")
    query = select(cameras.c.id, cameras.c.area_id, cameras.c.label).join(
        scope, scope.c.camera_id == cameras.c.id
    )
    rows = conn.execute(query.order_by(cameras.c.id))
    return tended, sorted(rows, key=lambda row: by_name(row.label))


def keeps_everything(conn: Connection, asker: Asker, now: Moment) -> bool:
    """True if this person is a keeper of the whole town: roles and the log cover the whole town."""
    # Read from the database: the asker's role or account may have changed a moment ago.
    if able_role(conn, asker.person_id) != Role.KEEPER:
        return False
    return keeps_whole(conn, asker.person_id, now)


def keeps_whole(conn: Connection, person_id: UUID, now: Moment) -> bool:
    """True if this person looks after every area of the town."""
    tops = set(conn.scalars(select(areas.c.id).where(areas.c.parent_id.is_(None))))
    return bool(tops) and tops <= tended_area_ids(conn, person_id, now)


def _tops_of_others() -> ColumnElement[int]:
    tended = select(grants.c.area_id).where(
        grants.c.person_id == WHO,
        grants.c.area_id.is_not(None),
        grant_counts(literal(int(Right.MANAGE)), NOW),
    )
    others = select(func.count(areas.c.id)).where(
        areas.c.parent_id.is_(None), areas.c.id.not_in(tended)
    )
    return others.scalar_subquery()


TOPS_OF_OTHERS: Final = _tops_of_others()
"""Number of top areas that a person does not look after; for the navigation."""


def may_let_in(conn: Connection, asker: Asker, login: str, role: str, now: Moment) -> bool:
    """True if a keeper may make a link for this account.

    A link takes an account over: a keeper of one place must gain no place, no right and no older
    footage by it, and no log. A keeper of everything may invite anybody.
    """
    if able_role(conn, asker.person_id) is None:
        return False
    if keeps_everything(conn, asker, now):
        return True
    person = conn.execute(select(people).where(people.c.login == fold_login(login))).first()
    if person is None:
        return role != Role.OVERSIGHT
    if person.role in (Role.KEEPER, Role.OVERSIGHT):
        return False
    tended, seen = tended_places(conn, asker.person_id, now)
    mine = tended | {row.id for row in seen}
    held = [one.grant for one in owned(conn, asker.person_id) if counts(one.grant, now.utc_us)]
    parents, homes = area_parents(conn), camera_homes(conn)
    theirs = conn.execute(select(grants).where(grants.c.person_id == person.id, not_over(now)))
    return all(
        (row.area_id or row.camera_id) in mine and has_as_much(held, grant_of(row), parents, homes)
        for row in theirs
    )


def grant_rows(
    conn: Connection, asker: Asker, which: ColumnElement[bool], now: Moment
) -> list[GrantRow]:
    """Grants that are not over, by people's names."""
    giver = people.alias("giver")
    query = (
        select(
            grants,
            people.c.name,
            people.c.role,
            giver.c.name.label("giver_name"),
            cameras.c.label.label("camera_label"),
            cameras.c.area_id.label("camera_area_id"),
        )
        .join(people, people.c.id == grants.c.person_id)
        .outerjoin(giver, giver.c.id == grants.c.granted_by)
        .outerjoin(cameras, cameras.c.id == grants.c.camera_id)
        .where(which, not_over(now), NOT_CLOSED)
        .order_by(grants.c.starts_utc_us, grants.c.id)
    )
    rows = sorted(conn.execute(query), key=lambda row: by_name(row.name))
    tended, seen = tended_places(conn, asker.person_id, now)
    mine = {row.id for row in seen}
    where = places(conn, {row.area_id or row.camera_area_id for row in rows})
    return [
        _row(row, asker, where, is_here=row.area_id in tended or row.camera_id in mine)
        for row in rows
    ]


def _row(row: AnyRow, asker: Asker, where: dict[UUID, str], *, is_here: bool) -> GrantRow:
    is_to_end = gives_for_good(asker.role) or row.granted_by == asker.person_id
    return GrantRow(
        grant_id=row.id,
        person_id=row.person_id,
        person_name=row.name,
        role=row.role,
        grant=grant_of(row),
        reason=row.reason,
        granted_by_name=row.giver_name,
        is_delegated=row.from_grant_id is not None,
        camera_label=row.camera_label,
        place=where.get(row.area_id or row.camera_area_id, ""),
        may_end=is_here and is_to_end and may_give(asker.role) and row.person_id != asker.person_id,
    )


def grant_form(conn: Connection, asker: Asker, now: Moment) -> GrantForm | None:
    """Choices for a new grant; None for a person who may give nothing."""
    if not may_give(asker.role):
        return None
    tended, seen = tended_places(conn, asker.person_id, now)
    if not tended and not seen:
        return None
    tended &= set(conn.scalars(select(areas.c.id).where(is_valid(now))))
    names = places(conn, tended | {row.area_id for row in seen})
    ordered = sorted(tended, key=lambda one: (by_place(names[one]), one))
    areas_first = [GrantPlace(one, None, names[one]) for one in ordered]
    single = [GrantPlace(None, row.id, f"{row.label} · {names[row.area_id]}") for row in seen]
    others = tuple(one for one in _people(conn, NOT_CLOSED) if one.person_id != asker.person_id)
    return GrantForm(others, tuple(areas_first + single), gives_for_good(asker.role))


def _people(conn: Connection, which: ColumnElement[bool]) -> tuple[GrantPerson, ...]:
    query = select(people.c.id, people.c.name, people.c.role, people.c.state).where(which)
    rows = sorted(conn.execute(query.order_by(people.c.id)), key=lambda row: by_name(row.name))
    return tuple(from_row(GrantPerson, row, person_id=row.id) for row in rows)


def _tree(conn: Connection, shown: set[UUID], here: dict[UUID, list[GrantRow]]) -> list[GrantArea]:
    rows = {row.id: row for row in conn.execute(select(areas).where(areas.c.id.in_(shown)))}
    return [
        GrantArea(one, rows[one].name, rows[one].level, depth, tuple(here[one]))
        for one, depth in in_order(rows)
    ]


def in_order(rows: Mapping[UUID, AnyRow]) -> Iterator[tuple[UUID, int]]:
    """Areas with their depth, each before its children, by name. Areas in a cycle, which only a
    fault could make, come last."""
    below: dict[UUID | None, list[UUID]] = {}
    for one in sorted(rows, key=lambda key: (by_name(rows[key].name), key)):
        parent = rows[one].parent_id
        below.setdefault(parent if parent in rows else None, []).append(one)
    left = set(rows)
    waiting = [(one, 0) for one in reversed(below.get(None, []))]
    while left:
        if not waiting:
            waiting = [(min(left), 0)]
        one, depth = waiting.pop()
        if one not in left:
            continue
        left.discard(one)
        yield one, depth
        waiting += [(child, depth + 1) for child in reversed(below.get(one, []))]
