"""Query of the people who were notified of an alert."""

from uuid import UUID

from sqlalchemy import Connection, select

from hub.access.tables import people
from hub.alerting.alerts.views import ToldRow
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
    return [
        ToldRow(
            person_name=row.name,
            channel=row.channel,
            phone_label=row.phone_label,
            moment=row.moment,
            state=row.state,
            reason=row.reason,
            owed_utc_us=row.owed_utc_us,
            answered_utc_us=row.answered_utc_us,
            shown_utc_us=row.shown_utc_us,
            opened_utc_us=row.opened_utc_us,
            acknowledged_utc_us=row.acknowledged_utc_us,
        )
        for row in conn.execute(query)
    ]
