"""Rows of stored footage as the retention rules see it, and the rules themselves."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from hub.alerting.alerts.tables import alerts, sightings
from hub.base.audit import log
from hub.base.audit.detail import Detail, plain
from hub.base.audit.log import SHELL, By
from hub.base.db.bounds import text
from hub.base.db.columns import AnyColumn, columns, new_id
from hub.base.db.rows import from_row
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.footage.retention.rules import FootageClass, RetentionRule, StoredFootage
from hub.footage.retention.tables import holds, retention_rules
from hub.footage.tables import media, media_sightings
from hub.registry.tables import cameras

RECORDED: Final[ColumnElement[int]] = case(
    (media.c.first_frame_error_ms.is_(None), media.c.announced_utc_us),
    else_=media.c.first_frame_utc_us,
)
"""Time of recording, as far as known."""

MOST_DAYS: Final = 36_500
"""Of a rule: a hundred years."""


def set_rule(
    conn: Connection,
    *,
    footage_class: FootageClass,
    area_id: UUID | None,
    keep_days: int | None,
    reason: str,
    now: Moment,
    by: By = SHELL,
) -> UUID:
    """Set the retention of this class in this area from now on; ends the former rule."""
    if not reason.strip():
        raise RegistryError("a rule needs a reason: it is shown where footage was removed")
    if keep_days is not None and not 1 <= keep_days <= MOST_DAYS:
        raise RegistryError(f"{keep_days} days are no rule: give 1 to {MOST_DAYS}, or --for-good")
    end_rule(conn, footage_class=footage_class, area_id=area_id, now=now, by=by)
    rule_id = new_id(now)
    conn.execute(
        insert(retention_rules).values(
            id=rule_id,
            area_id=area_id,
            footage_class=footage_class,
            keep_days=keep_days,
            reason=text(reason.strip(), 500),
            **columns("made", now),
        )
    )
    why = reason.strip()
    if keep_days is None:
        detail = Detail("retention.for_good", footage=footage_class, reason=why)
    else:
        detail = Detail("retention.days", footage=footage_class, n=keep_days, reason=why)
    _note_rule(conn, "retention.set", rule_id, detail, now, by=by)
    return rule_id


def end_rule(
    conn: Connection,
    *,
    footage_class: FootageClass,
    area_id: UUID | None,
    now: Moment,
    by: By = SHELL,
    reason: str = "",
) -> bool:
    """End the rule of this area and class; False if there was none."""
    rule_id = conn.scalar(
        select(retention_rules.c.id).where(
            retention_rules.c.footage_class == footage_class,
            retention_rules.c.area_id == area_id
            if area_id is not None
            else retention_rules.c.area_id.is_(None),
            retention_rules.c.ended_utc_us.is_(None),
        )
    )
    if rule_id is None:
        return False
    this = retention_rules.c.id == rule_id
    conn.execute(update(retention_rules).where(this).values(columns("ended", now)))
    _note_rule(conn, "retention.end", rule_id, plain(reason.strip()), now, by=by)
    return True


def rules_now(conn: Connection) -> list[RetentionRule]:
    """Active rules."""
    query = select(retention_rules).where(retention_rules.c.ended_utc_us.is_(None))
    return [from_row(RetentionRule, row, rule_id=row.id) for row in conn.execute(query)]


def is_of_alert() -> ColumnElement[bool]:
    """SQL condition: this row of media belongs to an alert, and so to the class of alert
    footage."""
    return _alert_ids().where(sightings.c.alert_id.is_not(None)).exists()


def held(*these: ColumnElement[bool]) -> ColumnElement[bool]:
    """SQL condition: an active hold needs this row of media; `hub.footage.retention.rules.is_held`
    in SQL.

    `these`: only holds that meet these conditions.
    """
    slack_us = media.c.first_frame_error_ms * 1000
    ends = media.c.first_frame_utc_us + media.c.duration_ms * 1000 + slack_us
    from_utc_us = func.coalesce(holds.c.from_utc_us, 0)
    is_in_span = or_(
        and_(media.c.first_frame_error_ms.is_(None), media.c.announced_utc_us >= from_utc_us),
        and_(
            ends >= from_utc_us,
            or_(
                holds.c.until_utc_us.is_(None),
                media.c.first_frame_utc_us - slack_us <= holds.c.until_utc_us,
            ),
        ),
    )
    return (
        select(holds.c.id)
        .where(
            holds.c.ended_utc_us.is_(None),
            *these,
            or_(
                holds.c.media_id == media.c.id,
                holds.c.alert_id.in_(_alert_ids()),
                and_(holds.c.camera_id == media.c.camera_id, is_in_span),
            ),
        )
        .correlate(media)
        .exists()
    )


def stored_footage(
    conn: Connection,
    *conditions: ColumnElement[bool],
    order_by: Sequence[AnyColumn] = (media.c.id,),
    limit: int,
) -> list[StoredFootage]:
    """Stored files that meet the conditions."""
    query = (
        select(
            media.c.id,
            media.c.camera_id,
            cameras.c.area_id,
            media.c.first_frame_utc_us,
            media.c.first_frame_error_ms,
            media.c.duration_ms,
            media.c.announced_utc_us,
            media.c.size_bytes,
            held().label("is_held"),
        )
        .join(cameras, cameras.c.id == media.c.camera_id)
        .where(media.c.stored_utc_us.is_not(None), *conditions)
        .order_by(*order_by)
        .limit(limit)
    )
    rows = conn.execute(query).all()
    shown = _alerts_of(conn, [row.id for row in rows])
    return [
        from_row(
            StoredFootage,
            row,
            media_id=row.id,
            alert_ids=frozenset(shown.get(row.id, ())),
            first_utc_us=row.first_frame_utc_us,
            error_ms=row.first_frame_error_ms,
            is_held=bool(row.is_held),
        )
        for row in rows
    ]


def showing_alerts(media_ids: Sequence[UUID]) -> Select[UUID, UUID]:
    """Rows of (media_id, alert_id): the alerts of these files."""
    return (
        select(media.c.id.label("media_id"), alerts.c.id.label("alert_id"))
        .distinct()
        .join(media_sightings, media_sightings.c.media_id == media.c.id)
        .join(sightings, sightings.c.id == media_sightings.c.sighting_id)
        .join(alerts, alerts.c.id == sightings.c.alert_id)
        .where(media.c.id.in_(media_ids), sightings.c.camera_id == media.c.camera_id)
    )


def _alert_ids() -> Select[UUID]:
    return (
        select(sightings.c.alert_id)
        .join(media_sightings, media_sightings.c.sighting_id == sightings.c.id)
        .where(media_sightings.c.media_id == media.c.id, sightings.c.camera_id == media.c.camera_id)
        .correlate(media)
    )


def _alerts_of(conn: Connection, media_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    shown: dict[UUID, list[UUID]] = {}
    for row in conn.execute(showing_alerts(media_ids)) if media_ids else ():
        shown.setdefault(row.media_id, []).append(row.alert_id)
    return shown


def _note_rule(
    conn: Connection, act: str, rule_id: UUID, detail: Detail | None, now: Moment, *, by: By
) -> None:
    log.note(
        conn,
        by,
        act=act,
        object_kind="retention_rule",
        object_id=rule_id,
        detail=detail,
        now=now,
    )
