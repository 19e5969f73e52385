"""Service for the audit log: each access to footage with person, time and purpose, for oversight.

Readers are keepers and oversight; the log shows them no footage. Reading the log is logged too.
"""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Table, null, or_, select

from hub.access.grants import queries
from hub.access.rules.roles import Role
from hub.access.tables import grants, people
from hub.alerting.alerts.tables import alerts
from hub.base.audit.acting import Acting, On, Reading
from hub.base.audit.asker import Asker
from hub.base.audit.detail import Detail, plain
from hub.base.audit.tables import audit
from hub.base.db.columns import AnyRow
from hub.base.db.rows import from_row
from hub.base.text.order import by_name
from hub.footage.tables import media
from hub.oversight.log.digest import EXPORTS, PICTURES, LogDigest
from hub.oversight.log.digest_queries import digest_of
from hub.oversight.log.views import LogLine, LogPage, LogQuestion
from hub.registry.areas import camera_at, places
from hub.registry.tables import areas, cameras, nodes

LINES: Final = 100
LOOKS: Final = ("alert.", "media.", "search.", "inbox.", "changes.", *PICTURES, *EXPORTS)
"""Prefixes of act ids that show, or would have shown, street footage."""

REFRESHES: Final = ("alert.glance", "inbox.glance", "cameras.glance", "changes.open")
"""Act ids of automatic refreshes of a page, whose own opening left a line. Refused acts have other
ids, and are always shown."""


class LogService:
    """Reads the audit log."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def log(self, asker: Asker, question: LogQuestion) -> LogPage | None:
        """`LINES` lines of the log; None without the permission to read it."""
        with self._acting.reading(asker, "log.open") as look:
            if not _reads_log(look):
                look.refuse()
                return None
            page = _page(look.conn, question)
            look.done(_told(question, len(page.lines)), On("person", question.person_id))
        return page

    def digest(
        self, asker: Asker, *, since_utc_us: int, until_utc_us: int, name: str
    ) -> LogDigest | None:
        """Statistics of the log for a span; None without the permission to read it."""
        with self._acting.reading(asker, "log.digest") as look:
            found = digest_of(look.conn, since_utc_us, until_utc_us) if _reads_log(look) else None
            look.answer(found, plain(name))
        return found


def _told(question: LogQuestion, count: int) -> Detail:
    if question.only_looks:
        return Detail(
            "log.looks_and_refreshes" if question.with_refreshes else "log.looks", n=count
        )
    return Detail("log.lines_and_refreshes" if question.with_refreshes else "log.lines", n=count)


def _reads_log(look: Reading) -> bool:
    is_oversight = look.asker.role == Role.OVERSIGHT
    return is_oversight or queries.keeps_everything(look.conn, look.asker, look.now)


def _page(conn: Connection, question: LogQuestion) -> LogPage:
    query = (
        select(audit, people.c.name, people.c.role, nodes.c.name.label("node_name"))
        .outerjoin(people, people.c.id == audit.c.person_id)
        .outerjoin(nodes, nodes.c.id == audit.c.node_id)
        .where(*_conditions(question))
        .order_by(audit.c.id.desc())
        .limit(LINES + 1)
    )
    rows = list(conn.execute(query))
    names = _names(conn, rows[:LINES])
    everybody = conn.execute(select(people.c.id, people.c.name).order_by(people.c.id))
    return LogPage(
        lines=tuple(_line(row, names) for row in rows[:LINES]),
        before=rows[LINES - 1].id if len(rows) > LINES else None,
        people=tuple(
            (row.id, row.name) for row in sorted(everybody, key=lambda row: by_name(row.name))
        ),
        why=() if question.person_id is None else _why(conn, question.person_id),
    )


def _conditions(question: LogQuestion) -> list[ColumnElement[bool]]:
    found = []
    if question.person_id is not None:
        found.append(audit.c.person_id == question.person_id)
    if question.only_looks:
        found.append(or_(*(audit.c.act.startswith(one, autoescape=True) for one in LOOKS)))
    if not question.with_refreshes:
        found.append(audit.c.act.not_in(REFRESHES))
    if question.until_utc_us is not None:
        found.append(audit.c.at_utc_us < question.until_utc_us)
    if question.before is not None:
        found.append(audit.c.id < question.before)
    return found


def _why(conn: Connection, person_id: UUID) -> tuple[str, ...]:
    query = select(grants.c.reason).where(grants.c.person_id == person_id)
    return tuple(dict.fromkeys(conn.scalars(query.order_by(grants.c.starts_utc_us.desc()))))


Named = Mapping[tuple[str, UUID], tuple[str, int | None]]
"""Name and time of recording of each object, by its kind and id."""


def _names(conn: Connection, rows: Iterable[AnyRow]) -> Named:
    ids: dict[str, set[UUID]] = {}
    for row in rows:
        if row.object_id is not None:
            ids.setdefault(row.object_kind, set()).add(row.object_id)
    named: dict[tuple[str, UUID], tuple[str, int | None]] = {}
    for kind, (table, name, at) in _OBJECTS.items():
        if kind not in ids:
            continue
        is_camera = name.table is cameras
        area = (cameras.c.area_id if is_camera else null()).label("area_id")
        query = select(table.c.id, name, at, area).where(table.c.id.in_(ids[kind]))
        if name.table is cameras and table is not cameras:
            query = query.join(cameras, cameras.c.id == table.c.camera_id)
        elif name.table is people and table is not people:
            query = query.join(people, people.c.id == table.c.person_id)
        found = conn.execute(query).all()
        where = places(conn, {row.area_id for row in found}) if is_camera else {}
        for key, said, at_utc_us, area_id in found:
            shown = camera_at(said, where[area_id]) if is_camera else said
            named[kind, key] = shown, None if at is name else at_utc_us
    return named


_OBJECTS: Final[Mapping[str, tuple[Table, Column[str], Column[object]]]] = {
    "alert": (alerts, cameras.c.label, alerts.c.began_utc_us),
    "media": (media, cameras.c.label, media.c.first_frame_utc_us),
    "camera": (cameras, cameras.c.label, cameras.c.label),
    "person": (people, people.c.name, people.c.name),
    "area": (areas, areas.c.name, areas.c.name),
    "node": (nodes, nodes.c.name, nodes.c.name),
    "grant": (grants, people.c.name, people.c.name),
}


def _line(row: AnyRow, names: Named) -> LogLine:
    name, at_utc_us = names.get((row.object_kind, row.object_id), ("", None))
    return from_row(
        LogLine,
        row,
        who=row.name or row.node_name,
        role=row.role or "",
        object_name=name,
        object_utc_us=at_utc_us,
        data=row.data or "",
    )
