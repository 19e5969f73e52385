"""Phones, their checks, and the order of channels."""

from typing import Final

from hub.base.db.table_notes import Mark
from hub.notify.phones import pages
from hub.notify.phones.heartbeat_tables import phone_checks
from hub.notify.phones.service import PhoneService
from hub.notify.tables import phones
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="phones",
    routers=(pages.router,),
    acts=pages.acts,
    services=(PhoneService,),
    tables=(phones, phone_checks),
    marks=(
        Mark(phones, ("heard",)),
        Mark(phone_checks, ("asked", "due", "lease_until", "answer_by")),
    ),
)
