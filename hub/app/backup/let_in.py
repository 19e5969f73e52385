"""Whom a restored hub lets in: an account closed or a grant ended since the backup counts again."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from hub.access.account_state import NOT_CLOSED
from hub.access.grants.rows import not_over
from hub.access.rules.grants import Right
from hub.access.tables import grants, people
from hub.base.db.columns import AnyRow
from hub.base.moment import Moment
from hub.registry.tables import areas, cameras


def let_in(conn: Connection, zone: ZoneInfo, now: Moment) -> Iterator[str]:
    """A line for each account that is not closed, by login, with the grants that count."""
    query = (
        select(people.c.login, people.c.name, people.c.role, grants.c.id, grants.c.rights)
        .add_columns(func.coalesce(areas.c.name, cameras.c.label).label("place"))
        .add_columns(grants.c.ends_utc_us)
        .select_from(people)
        .outerjoin(grants, (grants.c.person_id == people.c.id) & not_over(now))
        .outerjoin(areas, areas.c.id == grants.c.area_id)
        .outerjoin(cameras, cameras.c.id == grants.c.camera_id)
        .where(NOT_CLOSED)
        .order_by(people.c.login, grants.c.starts_utc_us, grants.c.id)
    )
    for (login, name, role), rows in groupby(conn.execute(query), lambda row: tuple(row[:3])):
        held = "; ".join(_grant(row, zone) for row in rows if row.id is not None)
        yield f"{login} ({name}, {role}): {held or 'no grants'}"


def _grant(row: AnyRow, zone: ZoneInfo) -> str:
    rights = ",".join(one.name.lower() for one in Right if one & row.rights and one.name)
    if row.ends_utc_us is None:
        return f"{row.place} ({rights})"
    last = datetime.fromtimestamp(row.ends_utc_us // 1_000_000 - 1, zone)
    return f"{row.place} ({rights}) until {last:%d/%m/%Y}"
