"""Rows of silences: the active one for a spot, the number of suppressed alerts, the end.

All in the caller's transaction; `hub.alerting.silences.rules` decides what a silence covers.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from hub.alerting.alerts.rules.kinds import SIGHTINGS
from hub.alerting.alerts.rules.lifecycle import AlertState
from hub.alerting.alerts.rules.rules_met import Rules, from_text
from hub.alerting.alerts.tables import alerts
from hub.alerting.silences.rules import (
    FALSE_IN_A_ROW,
    MUTED_S,
    NOT_CRITICAL,
    AlertSpot,
    Ending,
    Silence,
    may_be_muted,
    silenced_by,
)
from hub.alerting.silences.tables import silences
from hub.base.db.bounds import text
from hub.base.db.columns import AnyRow, columns, new_id
from hub.base.db.rows import from_row
from hub.base.db.statements import change, read_once, remember
from hub.base.moment import Moment

REASON_CHARS: Final = 300
FALSE_ALARMS: Final = f"{FALSE_IN_A_ROW} false alarms one after the other"
MUTE_OFFERED: Final = "mute_offered"
"""In the history of an alert: a mute of its spot was offered when it was closed."""
LOOK_BACK_ALERTS: Final = 200
"""Number of a camera's last handled alerts among which alerts of one spot are searched."""

_COUNTING_ANYWHERE: Final = select(
    silences.c.id,
    silences.c.camera_id,
    silences.c.kind,
    silences.c.zone,
    silences.c.rule,
    silences.c.is_exact,
    silences.c.until_utc_us,
    silences.c.reason,
).where(silences.c.until_utc_us > bindparam("now_utc_us"), silences.c.ended_utc_us.is_(None))
_COUNTING: Final = _COUNTING_ANYWHERE.where(silences.c.camera_id == bindparam("camera_id"))
_ALL_COUNTING: Final = _COUNTING_ANYWHERE.where(
    silences.c.camera_id.in_(bindparam("camera_ids", expanding=True))
)


def alert_spot(camera_id: UUID, kind: str, rules: Rules, zone: str | None) -> AlertSpot:
    """Spot of an alert: its zone, and the rule met there."""
    met = next((one.rule for one in rules if one.place == zone), None) if zone else None
    return AlertSpot(camera_id, kind, zone, met)


def covering(
    conn: Connection,
    camera_id: UUID,
    kind: str,
    rules: Rules,
    *,
    now: Moment,
    is_critical: bool = False,
) -> Silence | None:
    """The silence that keeps a sighting from raising an alert. None if it met a rule that is not
    silenced; and without a rule, if no silence covers its place and kind."""
    rows = read_once(conn, _COUNTING, {"camera_id": camera_id, "now_utc_us": now.utc_us})
    if not rows:
        return None
    there = [as_silence(row) for row in rows]
    spots = [AlertSpot(camera_id, kind, one.place, one.rule, is_critical) for one in rules]
    found = [
        silenced_by(there, spot, now_utc_us=now.utc_us)
        for spot in spots or [AlertSpot(camera_id, kind, is_critical=is_critical)]
    ]
    return None if None in found else found[0]


def know(conn: Connection, camera_ids: Iterable[UUID], *, now: Moment) -> None:
    """Read the silences of several cameras together for `covering`, on a gathering connection."""
    found: dict[UUID, list[AnyRow]] = {camera_id: [] for camera_id in camera_ids}
    asked = {"camera_ids": list(found), "now_utc_us": now.utc_us}
    for row in conn.execute(_ALL_COUNTING, asked):
        found[row.camera_id].append(row)
    for camera_id, rows in found.items():
        remember(conn, _COUNTING, {"camera_id": camera_id, "now_utc_us": now.utc_us}, rows)


def as_silence(row: AnyRow) -> Silence:
    """The silence in a row of the table."""
    return from_row(Silence, row, silence_id=row.id, is_exact=bool(row.is_exact))


def hit(conn: Connection, silence_id: UUID, *, now: Moment) -> None:
    """Count a suppressed sighting."""
    change(conn, silences, silence_id, columns("last_hit", now), growth={"hits": 1})


def add(
    conn: Connection,
    silence: Silence,
    *,
    made_by: UUID | None,
    now: Moment,
) -> None:
    """Insert a silence; it is active from now on."""
    conn.execute(
        insert(silences).values(
            id=silence.silence_id,
            camera_id=silence.camera_id,
            kind=silence.kind,
            zone=silence.zone,
            rule=silence.rule,
            is_exact=silence.is_exact,
            reason=text(silence.reason, REASON_CHARS),
            made_by=made_by,
            hits=0,
            **columns("made", now),
            **columns("until", Moment(silence.until_utc_us, now.error_ms)),
        )
    )


def snoozes(conn: Connection, camera_id: UUID, *, since_utc_us: int) -> int:
    """Number of snoozes of the camera that were set since then."""
    query = select(func.count(silences.c.id)).where(
        silences.c.camera_id == camera_id,
        silences.c.rule == NOT_CRITICAL,
        silences.c.made_utc_us > since_utc_us,
    )
    return conn.scalar(query) or 0


def silenced_until(conn: Connection, camera_id: UUID, *, now: Moment) -> int | None:
    """Until when the whole camera is silenced, UTC microseconds; None if it is not."""
    rows = conn.execute(_COUNTING, {"camera_id": camera_id, "now_utc_us": now.utc_us})
    whole = [row.until_utc_us for row in rows if row.kind is None and row.zone is None]
    return max(whole, default=None)


def end(conn: Connection, silence_id: UUID, *, person_id: UUID, now: Moment) -> None:
    """End a silence."""
    conn.execute(
        update(silences)
        .where(silences.c.id == silence_id, silences.c.ended_utc_us.is_(None))
        .values(ended_by=person_id, **columns("ended", now))
    )


def end_mute_of(conn: Connection, alert_id: UUID, *, person_id: UUID, now: Moment) -> list[UUID]:
    """End the mute of this alert's spot if it was set since the alert was closed: its false alarms
    are no longer in a row. Returns the ids of ended mutes."""
    row = _spot_row(conn, alert_id)
    since = silences.c.made_utc_us >= row.closed_utc_us
    found = [one.id for one in conn.execute(_mutes(_spot(row), now).where(since))]
    for silence_id in found:
        end(conn, silence_id, person_id=person_id, now=now)
    return found


def may_mute(conn: Connection, alert_id: UUID, *, now: Moment) -> bool:
    """True if the alert was closed as a false alarm since the last mute of its spot, and the spot
    had several in a row since then."""
    row = _spot_row(conn, alert_id)
    if row.kind not in SIGHTINGS or row.state != AlertState.FALSE_ALARM:
        return False
    spot = _spot(row)
    since_utc_us = max(_last_muted(conn, spot, now), now.plus_s(-MUTED_S).utc_us)
    endings = _endings(conn, spot, since_utc_us)
    return row.closed_utc_us > since_utc_us and may_be_muted(endings, now_utc_us=now.utc_us)


def mute_spot(conn: Connection, alert_id: UUID, *, person_id: UUID, now: Moment) -> Silence:
    """Mute the spot of an alert for `MUTED_S`."""
    spot = _spot(_spot_row(conn, alert_id))
    until = now.plus_s(MUTED_S).utc_us
    made = Silence(
        new_id(now), spot.camera_id, spot.kind, spot.zone, spot.rule, True, until, FALSE_ALARMS
    )
    add(conn, made, made_by=person_id, now=now)
    return made


def mute_of(conn: Connection, alert_id: UUID, *, now: Moment) -> UUID | None:
    """The active mute of the alert's spot that ends last."""
    query = _mutes(_spot(_spot_row(conn, alert_id)), now)
    return conn.scalar(query.order_by(silences.c.until_utc_us.desc()).limit(1))


_SPOT_OF: Final = select(
    alerts.c.camera_id,
    alerts.c.kind,
    alerts.c.zone,
    alerts.c.rules,
    alerts.c.state,
    alerts.c.closed_utc_us,
)


def _spot_row(conn: Connection, alert_id: UUID) -> AnyRow:
    return conn.execute(_SPOT_OF.where(alerts.c.id == alert_id)).one()


def _spot(row: AnyRow) -> AlertSpot:
    return alert_spot(row.camera_id, row.kind, from_text(row.rules), row.zone)


def _is_mute_of(spot: AlertSpot) -> ColumnElement[bool]:
    return and_(
        silences.c.camera_id == spot.camera_id,
        silences.c.is_exact.is_(True),
        silences.c.kind == spot.kind,
        silences.c.zone.is_not_distinct_from(spot.zone),
        silences.c.rule.is_not_distinct_from(spot.rule),
    )


def _mutes(spot: AlertSpot, now: Moment) -> Select[UUID]:
    """Ids of active mutes of this spot."""
    return select(silences.c.id).where(
        _is_mute_of(spot),
        silences.c.ended_utc_us.is_(None),
        silences.c.until_utc_us > now.utc_us,
    )


def _last_muted(conn: Connection, spot: AlertSpot, now: Moment) -> int:
    """Start of the last mute of this spot or, if it is over, its end; 0 if there was none."""
    over = func.coalesce(silences.c.ended_utc_us, silences.c.until_utc_us)
    query = select(silences.c.made_utc_us, over.label("over_utc_us")).where(_is_mute_of(spot))
    ends = [
        row.over_utc_us if row.over_utc_us <= now.utc_us else row.made_utc_us
        for row in conn.execute(query)
    ]
    return max(ends, default=0)


def _endings(conn: Connection, spot: AlertSpot, since_utc_us: int) -> list[Ending]:
    query = (
        _SPOT_OF.where(
            alerts.c.camera_id == spot.camera_id,
            alerts.c.kind == spot.kind,
            alerts.c.closed_utc_us > since_utc_us,
            alerts.c.closed_by.is_not(None),
            or_(alerts.c.state == AlertState.FALSE_ALARM, alerts.c.state == AlertState.RESOLVED),
        )
        .order_by(alerts.c.closed_utc_us.desc())
        .limit(LOOK_BACK_ALERTS)
    )
    return [
        Ending(row.state == AlertState.FALSE_ALARM, row.closed_utc_us)
        for row in _of_spot(conn.execute(query), spot)
    ]


def _of_spot(rows: Iterable[AnyRow], spot: AlertSpot) -> list[AnyRow]:
    return [row for row in rows if _spot(row) == spot]
