"""Time correction: once a boot's clock is trusted, earlier events of that boot get their true
time."""

from collections import defaultdict
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from hub.alerting.alerts.rows import change_alert
from hub.alerting.alerts.tables import alerts, sightings
from hub.base.db import months
from hub.base.db.columns import AnyRow, columns
from hub.base.db.statements import add_once, change
from hub.base.moment import Moment
from hub.intake.rules.boot_clock import BootClock
from hub.nodes.spool.tables import boot_clocks, events

AT_MOST: Final = 10_000
"""At most this many events are corrected, the newest; the others keep their stored times."""

_KNOWN: Final = select(boot_clocks).where(
    boot_clocks.c.node_id == bindparam("node_id"),
    boot_clocks.c.boot_id == bindparam("boot_id"),
)
Shift = tuple[int, int | None]
"""Correction in microseconds, and its error bound in ms."""

_OF_SIGHTING: Final = ("first_seen", "confirmed")
_OF_SIGHTINGS_END: Final = ("last_seen", "closed")


def known(conn: Connection, node_id: UUID, boot_id: UUID) -> BootClock | None:
    """A trusted timestamp of this boot, if known."""
    row = conn.execute(_KNOWN, {"node_id": node_id, "boot_id": boot_id}).first()
    return (
        None
        if row is None
        else BootClock(Moment(row.said_utc_us, row.said_error_ms), row.uptime_ms)
    )


def learn(conn: Connection, node_id: UUID, boot_id: UUID, *, clock: BootClock, now: Moment) -> int:
    """Store the clock and correct earlier events; returns their number."""
    row = {
        "node_id": node_id,
        "boot_id": boot_id,
        "uptime_ms": clock.uptime_ms,
        **columns("said", clock.said),
    }
    if not add_once(conn, boot_clocks, row):
        return 0
    doubtful = conn.execute(
        select(events.c.id, events.c.sighting_id, events.c.happened_utc_us, events.c.uptime_ms)
        .where(
            events.c.node_id == node_id,
            events.c.boot_id == boot_id,
            events.c.happened_error_ms.is_(None),
            events.c.uptime_ms.is_not(None),
        )
        .order_by(events.c.seq.desc())
        .limit(AT_MOST)
    ).all()
    by_sighting: dict[UUID, list[Shift]] = defaultdict(list)
    for event in reversed(doubtful):
        placed = clock.place(event.uptime_ms)
        change(conn, events, event.id, columns("happened", placed))
        if event.sighting_id is not None:
            shift = placed.utc_us - event.happened_utc_us, placed.error_ms
            by_sighting[event.sighting_id].append(shift)
    for sighting_id, shifts in by_sighting.items():
        _correct_sighting(conn, sighting_id, first=shifts[0], last=shifts[-1])
    months.forget_spans(conn, sightings.name, list(by_sighting))
    _correct_alerts(conn, list(by_sighting), now)
    return len(doubtful)


def _correct_sighting(
    conn: Connection,
    sighting_id: UUID,
    *,
    first: Shift,
    last: Shift,
) -> None:
    row = conn.execute(select(sightings).where(sightings.c.id == sighting_id)).first()
    if row is None:
        return
    values = _shifted(row, _OF_SIGHTING, first) | _shifted(row, _OF_SIGHTINGS_END, last)
    confirmed = values.get("confirmed_utc_us", row.confirmed_utc_us)
    for name in _OF_SIGHTINGS_END:  # nobody leaves before they came
        if (end := values.get(f"{name}_utc_us")) is not None:
            values[f"{name}_utc_us"] = max(end, confirmed)
    change(conn, sightings, sighting_id, values)


def _shifted(row: AnyRow, names: tuple[str, ...], shift: Shift) -> dict[str, Any]:
    """The row's untrusted moments, corrected."""
    shift_us, error_ms = shift
    values: dict[str, Any] = {}
    for name in names:
        utc_us = getattr(row, f"{name}_utc_us")
        if utc_us is not None and getattr(row, f"{name}_error_ms") is None:
            values |= columns(name, Moment(max(0, utc_us + shift_us), error_ms))
    return values


def _correct_alerts(conn: Connection, sighting_ids: list[UUID], now: Moment) -> None:
    """Set an alert's span from its sightings: start of the first, end of the last."""
    touched = conn.scalars(
        select(sightings.c.alert_id)
        .where(sightings.c.id.in_(sighting_ids), sightings.c.alert_id.is_not(None))
        .distinct()
    ).all()
    for alert_id in touched:
        rows = conn.execute(select(sightings).where(sightings.c.alert_id == alert_id)).all()
        first = min(rows, key=lambda row: row.first_seen_utc_us)
        last = max(rows, key=lambda row: row.last_seen_utc_us)
        alert = conn.execute(select(alerts).where(alerts.c.id == alert_id)).one()
        if alert.began_error_ms is not None:
            continue
        values = {
            "began_utc_us": first.first_seen_utc_us,
            "began_error_ms": first.first_seen_error_ms,
            "confirmed_utc_us": first.confirmed_utc_us,
            "confirmed_error_ms": first.confirmed_error_ms,
            "last_seen_utc_us": last.last_seen_utc_us,
            "last_seen_error_ms": last.last_seen_error_ms,
            "clock_source": "ntp" if first.first_seen_error_ms is not None else "none",
        }
        change_alert(conn, alert_id, values, now=now)
