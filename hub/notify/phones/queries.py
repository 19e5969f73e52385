"""Queries of phones given up by their push service."""

from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, select

from hub.access.scope import WHO
from hub.access.tables import people
from hub.base.db.columns import AnySelect
from hub.base.db.rows import from_row
from hub.base.moment import DAY_S, Moment
from hub.notify.channels import ntfy
from hub.notify.phones.rows import BY_KEEPER, CLOSED_ACCOUNT, REMOVED, TAKEN_OVER
from hub.notify.tables import phones
from hub.notify.views import LostPhone

LOST_SHOWN_S: Final = 30 * DAY_S
"""Seconds; phones lost for longer are not listed."""


NOT_LOST: Final = (REMOVED, BY_KEEPER, TAKEN_OVER, CLOSED_ACCOUNT)
"""Reasons of a phone's removal that do not concern people who look after the cameras."""


def lost_phones(conn: Connection, which: ColumnElement[bool], *, now: Moment) -> list[LostPhone]:
    """Phones given up by their push service, latest first."""
    return _found(conn, _lost(which), now)


def lost_phones_of(conn: Connection, person_id: UUID, *, now: Moment) -> list[LostPhone]:
    """Phones of one person given up by their push service."""
    return _found(conn, _LOST_OF_ONE, now, scope_who=person_id)


def keeper_addresses(conn: Connection) -> list[str]:
    """Addresses of phones that the keeper set: topics of ntfy."""
    in_use = (phones.c.channel == ntfy.NAME, phones.c.gone_utc_us.is_(None))
    return list(conn.scalars(select(phones.c.address).where(*in_use)))


def _lost(which: ColumnElement[bool]) -> AnySelect:
    return (
        select(
            phones.c.id,
            people.c.name,
            phones.c.channel,
            phones.c.label,
            phones.c.gone_utc_us,
            phones.c.gone_reason,
        )
        .join(people, people.c.id == phones.c.person_id)
        .where(
            which,
            phones.c.gone_utc_us > bindparam("since_utc_us", type_=BigInteger),
            phones.c.gone_reason.not_in(NOT_LOST),
        )
        .order_by(phones.c.gone_utc_us.desc())
    )


_LOST_OF_ONE: Final = _lost(phones.c.person_id == WHO)  # built once: every inbox runs it


def _found(conn: Connection, query: AnySelect, now: Moment, **values: UUID) -> list[LostPhone]:
    since_utc_us = now.plus_s(-LOST_SHOWN_S).utc_us
    return [
        from_row(LostPhone, row, phone_id=row.id, person_name=row.name, reason=row.gone_reason)
        for row in conn.execute(query, {**values, "since_utc_us": since_utc_us})
    ]
