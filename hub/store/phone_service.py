"""Service for the phones and browsers of a person that get notifications."""

from uuid import UUID

from hub.store.acting import Acting, On
from hub.store.asker import Asker
from hub.store.phone_rows import Phone, drop_phone, phone_rows, put_phone
from hub.store.phone_views import PhoneRow


class PhoneService:
    """For any thread."""

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
        phone = Phone(channel, address, secrets, label)
        with self._acting.changing(asker, "phone.add") as change:
            phone_id = put_phone(change.conn, asker.person_id, phone, now=change.now)
            change.done(on=On("phone", phone_id))
        return phone_id

    def remove_phone(self, asker: Asker, phone_id: UUID) -> bool:
        """Send nothing more to this phone; False if it is not the person's own."""
        with self._acting.changing(asker, "phone.remove", On("phone", phone_id)) as change:
            is_mine = drop_phone(change.conn, asker.person_id, phone_id, now=change.now)
            change.answer(is_mine)
        return is_mine
