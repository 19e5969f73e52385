"""Holds by case number: placed, ended, listed. No retention rule and no full disk removes held
footage."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Select, and_, insert, or_, select, update

from hub.access.rules.grants import Right
from hub.access.scope import visible_cameras
from hub.alerting.alerts.scope import seen_alerts
from hub.alerting.alerts.tables import alerts
from hub.base.audit import log
from hub.base.audit.detail import Detail
from hub.base.audit.log import By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.footage.retention.rules import Hold
from hub.footage.retention.tables import holds
from hub.footage.scope import seen_media
from hub.footage.tables import media
from hub.registry.tables import cameras

CASE_CHARS = 100
FAR_UTC_US = 7_258_118_400 * 1_000_000
"""The year 2200: no page can show a time before 1970 or after this."""


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold in a list; `ended_utc_us` is None while it is active."""

    hold_id: UUID
    case_number: str
    hold: Hold
    reason: str
    placed_utc_us: int
    ended_utc_us: int | None
    end_reason: str | None


def place_hold(
    conn: Connection,
    hold: Hold,
    *,
    case_number: str,
    reason: str,
    by: By,
    now: Moment,
    within: Select[UUID, int] | None = None,
) -> UUID:
    """Hold this footage for a case, so that nothing deletes it.

    `within`: rows of (camera_id, from_utc_us) that limit the person, as from `visible_cameras`;
    None: all they may see.

    Raises RegistryError if the footage does not exist, or is outside the person's scope.
    """
    case_number = text(case_number.strip(), CASE_CHARS)
    if not case_number or not reason.strip():
        raise RegistryError("a hold needs a case number and a reason", "hold.needs_reason")
    if not all(0 <= one <= FAR_UTC_US for one in (hold.from_utc_us, hold.until_utc_us) if one):
        raise RegistryError("the dates of a hold must lie between 1970 and 2199", "hold.dates")
    _check(conn, hold, by, now, within)
    hold_id = new_id(now)
    span = _span(hold)
    conn.execute(
        insert(holds).values(
            id=hold_id,
            case_number=case_number,
            media_id=hold.media_id,
            alert_id=hold.alert_id,
            camera_id=hold.camera_id,
            reason=text(reason.strip(), 500),
            placed_by=by.person_id,
            **span,
            **columns("placed", now),
        )
    )
    _note(conn, by, "hold.add", hold_id, _why(case_number, reason), now)
    return hold_id


def end_holds(
    conn: Connection,
    *,
    case_number: str,
    reason: str,
    by: By,
    now: Moment,
    hold_id: UUID | None = None,
) -> int:
    """End all holds of a case, or one of them; returns the number. Retention rules apply to the
    footage again."""
    if not reason.strip():
        raise RegistryError("ending a hold needs a reason: it cannot be placed again afterwards")
    these = and_(
        holds.c.case_number == text(case_number.strip(), CASE_CHARS),
        holds.c.ended_utc_us.is_(None),
        *([holds.c.id == hold_id] if hold_id is not None else []),
    )
    found = conn.scalars(select(holds.c.id).where(these)).all()
    values = {"end_reason": text(reason.strip(), 500), "ended_by": by.person_id}
    for one in found:
        conn.execute(
            update(holds).where(holds.c.id == one).values(**values, **columns("ended", now))
        )
        _note(conn, by, "hold.end", one, _why(case_number, reason), now)
    return len(found)


def list_holds(conn: Connection, case_number: str | None = None) -> list[HoldRow]:
    """Holds of a case, including ended ones; without a case, the active holds of all cases."""
    which = (
        holds.c.ended_utc_us.is_(None)
        if case_number is None
        else holds.c.case_number == case_number.strip()
    )
    query = select(holds).where(which).order_by(holds.c.case_number, holds.c.placed_utc_us)
    return [from_row(HoldRow, row, hold_id=row.id, hold=_hold(row)) for row in conn.execute(query)]


def _hold(row: AnyRow) -> Hold:
    return from_row(Hold, row, from_utc_us=row.from_utc_us or 0)


def _span(hold: Hold) -> dict[str, int | None]:
    if hold.camera_id is None:
        return {}
    until = None if hold.until_utc_us is None else Moment(hold.until_utc_us, 0)
    return columns("from", Moment(hold.from_utc_us, 0)) | columns("until", until)


def _check(
    conn: Connection, hold: Hold, by: By, now: Moment, within: Select[UUID, int] | None
) -> None:
    named = (hold.media_id, hold.alert_id, hold.camera_id)
    if sum(one is not None for one in named) != 1:
        raise RegistryError("a hold names exactly one of clip, alert or camera")
    if hold.until_utc_us is not None and hold.until_utc_us < hold.from_utc_us:
        raise RegistryError("the hold ends before it begins", "hold.ends_before")
    if by.person_id is not None and within is None:
        within = visible_cameras(by.person_id, Right.SEE, now)
    if not _is_there(conn, hold, within):
        raise RegistryError(
            "this id does not exist, or is not visible to them", "hold.nothing_there"
        )


def _is_there(conn: Connection, hold: Hold, within: Select[UUID, int] | None) -> bool:
    """True if the footage exists. The keeper's shell may hold anything, a person only their
    scope."""
    table, this = (
        (media, hold.media_id)
        if hold.media_id is not None
        else (alerts, hold.alert_id)
        if hold.alert_id is not None
        else (cameras, hold.camera_id)
    )
    query = select(table.c.id).where(table.c.id == this)
    if within is not None:
        scope = within.subquery("scope")
        seen = {
            "media": seen_media(scope),
            "alerts": seen_alerts(scope),
            "cameras": and_(
                cameras.c.id == scope.c.camera_id,
                or_(scope.c.from_utc_us == 0, scope.c.from_utc_us <= hold.from_utc_us),
            ),
        }
        query = query.join(scope, seen[table.name])
    return conn.scalar(query) is not None


def _why(case_number: str, reason: str) -> Detail:
    return Detail("case.reason", number=case_number, reason=reason.strip())


def _note(conn: Connection, by: By, act: str, hold_id: UUID, detail: Detail, now: Moment) -> None:
    log.note(conn, by, act=act, object_kind="hold", object_id=hold_id, detail=detail, now=now)
