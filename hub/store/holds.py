"""Holds by case number: placed, ended, listed. What is held no rule and no full disk removes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, insert, or_, select, update

from hub.alerts.grants import Right
from hub.alerts.moment import Moment
from hub.alerts.retention import Hold
from hub.store import audit
from hub.store.audit import By
from hub.store.bounds import text
from hub.store.registry import RegistryError
from hub.store.scope import seen_alerts, seen_media, visible_cameras
from hub.store.tables import alerts, cameras, columns, holds, media, new_id

CASE_CHARS = 100
FAR_UTC_US = 7_258_118_400 * 1_000_000
"""The year 2200: no page could show what lies before 1970 or after this."""


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A hold as it is listed; `ended_utc_us` None while it counts."""

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
    """Keep this footage for a case, whatever comes.

    `within`: rows of (camera_id, from_utc_us) to which a person is bound, as `visible_cameras`
    gives them; else what they may see.

    RegistryError for what is not there or, where a person places it, not within their sight.
    """
    case_number = text(case_number.strip(), CASE_CHARS)
    if not case_number or not reason.strip():
        raise RegistryError("a hold needs a case number and a reason")
    if not all(0 <= one <= FAR_UTC_US for one in (hold.from_utc_us, hold.until_utc_us) if one):
        raise RegistryError("a hold is of days from 1970 to 2199. Look at its dates")
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
    _note(conn, by, "hold.add", hold_id, f"case {case_number}: {reason.strip()}", now)
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
    """End all holds of a case, or one of them; how many. What they held falls to its rules."""
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
        _note(conn, by, "hold.end", one, f"case {case_number}: {reason.strip()}", now)
    return len(found)


def list_holds(conn: Connection, case_number: str | None = None) -> list[HoldRow]:
    """The holds of a case, ended ones too; of all cases those that count."""
    which = (
        holds.c.ended_utc_us.is_(None)
        if case_number is None
        else holds.c.case_number == case_number.strip()
    )
    query = select(holds).where(which).order_by(holds.c.case_number, holds.c.placed_utc_us)
    return [
        HoldRow(
            hold_id=row.id,
            case_number=row.case_number,
            hold=_hold(row),
            reason=row.reason,
            placed_utc_us=row.placed_utc_us,
            ended_utc_us=row.ended_utc_us,
            end_reason=row.end_reason,
        )
        for row in conn.execute(query)
    ]


def _hold(row: Any) -> Hold:
    return Hold(row.media_id, row.alert_id, row.camera_id, row.from_utc_us or 0, row.until_utc_us)


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
        raise RegistryError("a hold names a clip, an alert or a camera, one of the three")
    if hold.until_utc_us is not None and hold.until_utc_us < hold.from_utc_us:
        raise RegistryError("the span of a hold ends before it begins")
    if by.person_id is not None and within is None:
        within = visible_cameras(by.person_id, Right.SEE, now)
    if not _is_there(conn, hold, within):
        raise RegistryError("there is nothing of that id, or nothing that they may see")


def _is_there(conn: Connection, hold: Hold, within: Select[UUID, int] | None) -> bool:
    """The keeper's shell holds anything; a person what is within their scope."""
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


def _note(conn: Connection, by: By, act: str, hold_id: UUID, detail: str, now: Moment) -> None:
    audit.note(conn, by, act=act, object_kind="hold", object_id=hold_id, detail=detail, now=now)
