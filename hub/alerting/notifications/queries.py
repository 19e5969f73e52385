"""Queries of the people who were notified of an alert."""

from uuid import UUID

from sqlalchemy import Connection, or_, select

from hub.access.tables import people
from hub.alerting.alerts.tables import alerts
from hub.alerting.alerts.views import ToldRow
from hub.base.db.rows import from_row
from hub.notify.tables import notifications, phones


def told(conn: Connection, alert_id: UUID) -> list[ToldRow]:
    """The people notified of the alert, and the results."""
    query = (
        select(notifications, people.c.name, phones.c.channel, phones.c.label.label("phone_label"))
        .join(people, people.c.id == notifications.c.person_id)
        .join(phones, phones.c.id == notifications.c.phone_id)
        .where(notifications.c.alert_id == alert_id)
        .order_by(notifications.c.owed_utc_us, notifications.c.id)
    )
    return [from_row(ToldRow, row, person_name=row.name) for row in conn.execute(query)]


def sent_alert(conn: Connection, person_id: UUID, alert_id: UUID) -> tuple[UUID, int] | None:
    """Camera of this alert, and when it was first owed to this person, UTC microseconds; None: no
    phone of theirs was sent it."""
    was_sent = or_(
        notifications.c.state.in_(["accepted", "folded"]),
        notifications.c.shown_utc_us.is_not(None),
        notifications.c.opened_utc_us.is_not(None),
    )
    query = (
        select(alerts.c.camera_id, notifications.c.owed_utc_us)
        .join(alerts, alerts.c.id == notifications.c.alert_id)
        .where(
            notifications.c.alert_id == alert_id, notifications.c.person_id == person_id, was_sent
        )
        .order_by(notifications.c.owed_utc_us)
        .limit(1)
    )
    row = conn.execute(query).first()
    return None if row is None else (row.camera_id, row.owed_utc_us)
