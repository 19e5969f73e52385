"""The phones and browsers that get notifications."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select, update

from hub.access.account_errors import AccountError, AccountFault
from hub.access.account_state import is_closed
from hub.access.tables import people
from hub.base.db.bounds import text
from hub.base.db.columns import columns, new_id
from hub.base.db.rows import from_row
from hub.base.db.statements import add, change
from hub.base.errors import RegistryError
from hub.base.moment import Moment
from hub.notify import ledger
from hub.notify.rules.channel_order import read_orders
from hub.notify.tables import phones
from hub.notify.views import PhoneRow

REMOVED: Final = "removed by its owner"
TAKEN_OVER: Final = "somebody else signed in on this phone"
BY_KEEPER: Final = "removed by a keeper, as a lost phone is"
CLOSED_ACCOUNT: Final = "its owner's account was closed"


@dataclass(frozen=True, slots=True)
class NewPhoneRow:
    """A phone as it registers itself; `secrets` is JSON and never logged."""

    channel: str
    address: str
    secrets: str
    label: str


def phone_rows(conn: Connection, person_id: UUID) -> list[PhoneRow]:
    """The person's own phones, newest first."""
    query = (
        select(phones)
        .where(phones.c.person_id == person_id)
        .order_by(phones.c.created_utc_us.desc(), phones.c.id.desc())
    )
    return [from_row(PhoneRow, row, phone_id=row.id) for row in conn.execute(query)]


def put_phone(conn: Connection, person_id: UUID, phone: NewPhoneRow, *, now: Moment) -> UUID:
    """Store a person's phone; a known phone with this address moves to this person. AccountError
    for a closed account."""
    if is_closed(conn, person_id):
        raise AccountError(AccountFault.CLOSED)
    facts = {
        "person_id": person_id,
        "channel": phone.channel,
        "secrets": phone.secrets,
        "label": text(phone.label, 200),
    }
    row = conn.execute(
        select(phones.c.id, phones.c.person_id).where(phones.c.address == phone.address)
    ).first()
    if row is None:
        phone_id = new_id(now)
        created = columns("created", now)
        add(conn, phones, {"id": phone_id, "address": phone.address, **facts, **created})
        return phone_id
    if row.person_id != person_id:
        # The new owner must not see the notifications queued for the previous one.
        ledger.retire_phone(conn, row.id, reason=TAKEN_OVER, now=now)
    mended = {"gone_reason": None, **columns("gone", None)}
    change(conn, phones, row.id, {**facts, **mended})
    return UUID(str(row.id))


def drop_phone(
    conn: Connection, person_id: UUID, phone_id: UUID, *, now: Moment, reason: str = REMOVED
) -> bool:
    """Stop notifications to this phone; False if it is not the person's own."""
    mine = (phones.c.id == phone_id) & (phones.c.person_id == person_id)
    row = conn.execute(select(phones.c.gone_utc_us).where(mine)).first()
    if row is None:
        return False
    ledger.retire_phone(conn, phone_id, reason=reason, now=now)
    if row.gone_utc_us is not None:  # its owner was already notified of the loss
        change(conn, phones, phone_id, {"gone_reason": reason})
    return True


def choose_channels(conn: Connection, person_id: UUID, order: str) -> None:
    """Set the order of channels for the person, by severity, in the form of
    `hub.notify.rules.channel_order`.

    An empty order means the hub's default.
    """
    try:
        read_orders(order)
    except ValueError as error:
        raise RegistryError(f"channels {order!r}: {error}") from error
    chosen = order.strip() or None
    conn.execute(update(people).where(people.c.id == person_id).values(channel_order=chosen))
