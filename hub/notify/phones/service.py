"""Service for the phones and browsers of a person that get notifications, and for the order in
which they are used."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select

from hub.access.tables import people
from hub.base.audit.acting import Acting, On
from hub.base.audit.asker import Asker
from hub.base.audit.detail import plain
from hub.notify.phones import heartbeat_rows, queries
from hub.notify.phones.rows import NewPhoneRow, choose_channels, drop_phone, phone_rows, put_phone
from hub.notify.rules.channel_order import Order, read_orders, write_orders
from hub.notify.views import LostPhone, PhoneRow, SilentPhone


class PhoneService:
    """Phones and browsers of a person. For any thread."""

    def __init__(self, acting: Acting) -> None:
        self._acting = acting

    def phones(self, asker: Asker) -> list[PhoneRow]:
        """The person's own phones, newest first, including removed ones."""
        with self._acting.reading(asker, "phones.open") as look:
            rows = phone_rows(look.conn, asker.person_id)
            look.done()
        return rows

    def add_phone(
        self, asker: Asker, *, channel: str, address: str, secrets: str, label: str
    ) -> UUID:
        """Register a phone (`secrets` is JSON); the same address again is the same phone.
        AccountError for a closed account.

        A browser in which another person signs in becomes theirs, and gets no more messages for the
        person before.
        """
        phone = NewPhoneRow(channel, address, secrets, label)
        with self._acting.changing(asker, "phone.add") as change:
            phone_id = put_phone(change.conn, asker.person_id, phone, now=change.now)
            change.done(on=On("phone", phone_id))
        return phone_id

    def remove_phone(self, asker: Asker, phone_id: UUID) -> bool:
        """Send no more messages to this phone; False if it is not the person's own."""
        with self._acting.changing(asker, "phone.remove", On("phone", phone_id)) as change:
            is_mine = drop_phone(change.conn, asker.person_id, phone_id, now=change.now)
            change.answer(is_mine)
        return is_mine

    def lost_phones(self, asker: Asker) -> list[LostPhone]:
        """The person's own phones that can no longer be reached; the person must be told."""
        with self._acting.part_of(asker, "inbox.open") as look:
            return queries.lost_phones_of(look.conn, asker.person_id, now=look.now)

    def silent_phones(self, asker: Asker) -> list[SilentPhone]:
        """The person's own phones that did not answer their last daily check."""
        with self._acting.part_of(asker, "inbox.open") as look:
            return heartbeat_rows.silent_phones_of(look.conn, asker.person_id, now=look.now)

    def check_shown(self, asker: Asker, check_id: UUID) -> bool:
        """Record that the phone shows its daily check; False if it was not for this person."""
        on = On("phone_check", check_id)
        with self._acting.changing(asker, "phone.check", on) as change:
            who, now = asker.person_id, change.now
            is_theirs = heartbeat_rows.answered(change.conn, check_id, person_id=who, now=now)
            change.answer(is_theirs)
        return is_theirs

    def channel_orders(self, asker: Asker) -> Mapping[str, Order]:
        """The person's order of channels for each severity with a choice."""
        query = select(people.c.channel_order).where(people.c.id == asker.person_id)
        with self._acting.part_of(asker, "phones.open") as look:
            return read_orders(look.conn.scalar(query))

    def choose_channels(self, asker: Asker, orders: Mapping[str, Order]) -> None:
        """Store the person's order of channels."""
        order = write_orders(orders)
        with self._acting.changing(asker, "channels.choose") as change:
            choose_channels(change.conn, asker.person_id, order)
            change.done(plain(order))
