"""Queries of phones given up by their push service."""

from typing import Final

from sqlalchemy import ColumnElement, Connection, select

from hub.access.tables import people
from hub.base.moment import DAY_S, Moment
from hub.notify.phones.rows import BY_KEEPER, CLOSED_ACCOUNT, REMOVED, TAKEN_OVER
from hub.notify.tables import phones
from hub.notify.views import LostPhone

LOST_SHOWN_S: Final = 30 * DAY_S
"""Seconds; phones lost for longer are not listed."""


NOT_LOST: Final = (REMOVED, BY_KEEPER, TAKEN_OVER, CLOSED_ACCOUNT)
"""Reasons of a phone's removal that do not concern people who look after the cameras."""


def lost_phones(conn: Connection, which: ColumnElement[bool], *, now: Moment) -> list[LostPhone]:
    """Phones given up by their push service, latest first."""
    query = (
        select(phones, people.c.name)
        .join(people, people.c.id == phones.c.person_id)
        .where(
            which,
            phones.c.gone_utc_us > now.plus_s(-LOST_SHOWN_S).utc_us,
            phones.c.gone_reason.not_in(NOT_LOST),
        )
        .order_by(phones.c.gone_utc_us.desc())
    )
    return [
        LostPhone(row.id, row.name, row.channel, row.label, row.gone_utc_us, row.gone_reason)
        for row in conn.execute(query)
    ]
