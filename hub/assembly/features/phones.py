"""Phones, their checks, and the order of channels."""

from typing import Final

from hub.store.check_tables import phone_checks
from hub.store.notify_tables import phones
from hub.store.table_notes import Mark
from hub.web import channel_orders
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="phones",
    routers=(channel_orders.router,),
    tables=(phones, phone_checks),
    marks=(
        Mark(phones, ("heard",)),
        Mark(phone_checks, ("asked", "due", "lease_until", "answer_by")),
    ),
)
