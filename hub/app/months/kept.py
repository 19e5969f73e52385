"""Rows of a month that are not dropped with it: held, in a case, open, or kept longer.

The statements ask about one page of a part, whether it still belongs to its table or not.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, and_, case, exists, or_, select

from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.tables import alerts, sightings
from hub.app.months.rules import Spans, is_kept_by_rule
from hub.base.moment import Moment
from hub.cases.tables import case_items
from hub.footage.retention.rows import held
from hub.footage.retention.tables import holds
from hub.footage.tables import media, media_sightings

_RUNNING = [state.value for state in AlertState if state.is_running]


def kept_sightings(
    conn: Connection, part: Table, ids: Sequence[UUID], spans: Spans, now: Moment
) -> list[UUID]:
    """Ids of the sightings among these that stay."""
    is_needed = or_(
        and_(part.c.alert_id.is_not(None), _alert_is_needed(alerts.c.id == part.c.alert_id)),
        _has_needed_footage(part),
        _camera_is_held(
            part.c.camera_id,
            part.c.first_seen_utc_us,
            part.c.last_seen_utc_us,
            is_sure=and_(
                part.c.first_seen_error_ms.is_not(None), part.c.last_seen_error_ms.is_not(None)
            ),
        ),
    )
    query = select(
        part.c.id,
        part.c.camera_id,
        part.c.alert_id,
        part.c.last_seen_utc_us,
        is_needed.label("is_needed"),
    ).where(part.c.id.in_(ids))
    return [
        row.id
        for row in conn.execute(query)
        if row.is_needed
        or is_kept_by_rule(
            spans,
            row.camera_id,
            is_of_alert=row.alert_id is not None,
            last_seen_utc_us=row.last_seen_utc_us,
            now_utc_us=now.utc_us,
        )
    ]


def kept_events(conn: Connection, part: Table, ids: Sequence[UUID]) -> list[UUID]:
    """Ids of the events among these that stay: of a sighting that exists, or of a camera whose
    footage of that time is held or whose alert is open."""
    happened = part.c.happened_utc_us
    is_needed = or_(
        exists().where(sightings.c.id == part.c.sighting_id),
        _camera_is_held(
            part.c.camera_id, happened, happened, is_sure=part.c.happened_error_ms.is_not(None)
        ),
        _alert_is_needed(
            and_(
                alerts.c.camera_id == part.c.camera_id,
                alerts.c.began_utc_us <= happened,
                or_(
                    alerts.c.state.in_(_RUNNING),
                    case(
                        (alerts.c.over_utc_us > alerts.c.last_seen_utc_us, alerts.c.over_utc_us),
                        else_=alerts.c.last_seen_utc_us,
                    )
                    >= happened,
                ),
            )
        ),
    )
    return list(conn.scalars(select(part.c.id).where(part.c.id.in_(ids), is_needed)))


def _alert_is_needed(which: ColumnElement[bool]) -> ColumnElement[bool]:
    is_held = exists().where(holds.c.alert_id == alerts.c.id, holds.c.ended_utc_us.is_(None))
    shown = (alerts.c.picture_id, alerts.c.clip_id)
    is_in_case = exists().where(
        or_(*(case_items.c.media_id == one for one in shown)), case_items.c.removed_utc_us.is_(None)
    )
    needed = or_(alerts.c.state.in_(_RUNNING), is_held, is_in_case)
    return exists(select(alerts.c.id).where(which, needed))


def _has_needed_footage(part: Table) -> ColumnElement[bool]:
    """SQL condition: the hub has footage of the sighting, or a hold or a case names it, wherever
    it is."""
    is_in_case = exists().where(
        case_items.c.media_id == media.c.id, case_items.c.removed_utc_us.is_(None)
    )
    is_here = or_(media.c.stored_utc_us.is_not(None), media.c.removed_why == "lost")
    return exists(
        select(media.c.id)
        .join(media_sightings, media_sightings.c.media_id == media.c.id)
        .where(media_sightings.c.sighting_id == part.c.id, or_(is_here, held(), is_in_case))
    )


def _camera_is_held(
    camera_id: ColumnElement[UUID],
    first_utc_us: ColumnElement[int],
    last_utc_us: ColumnElement[int],
    *,
    is_sure: ColumnElement[bool],
) -> ColumnElement[bool]:
    """A hold of the camera covers that time. Without a verified time it may."""
    meets = and_(
        holds.c.from_utc_us <= last_utc_us,
        or_(holds.c.until_utc_us.is_(None), holds.c.until_utc_us >= first_utc_us),
    )
    return exists().where(
        holds.c.camera_id == camera_id, holds.c.ended_utc_us.is_(None), or_(~is_sure, meets)
    )
