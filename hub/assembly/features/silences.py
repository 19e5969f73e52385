"""Silences: what does not alert for a while."""

from typing import Final

from hub.store.silence_tables import silences as silences_table
from hub.web import silences
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="silences",
    routers=(silences.router,),
    tables=(silences_table,),
    acts=silences.acts,
)
