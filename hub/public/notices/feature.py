"""Feature: notices to the public."""

from typing import Final

from hub.access.rules.grants import Right
from hub.base.db.table_notes import Mark
from hub.public.notices import pages
from hub.public.notices.service import WRITERS
from hub.public.notices.tables import notice_files, notice_sendings, notice_ways
from hub.public.notices.tables import notices as notices_table
from hub.web.feature import Feature
from hub.web.guard import Body
from hub.web.navigation import NavLink, Part

MAX_FILE_BYTES: Final = 6 * 1024 * 1024
"""Largest picture or voice recording of a notice."""

FEATURE: Final = Feature(
    name="notices",
    templates=("hub.public.notices",),
    routers=(pages.router,),
    acts=pages.acts,
    details=pages.details,
    tables=(notice_ways, notices_table, notice_files, notice_sendings),
    marks=(Mark(notice_sendings, ("owed", "due", "lease_until")),),
    bodies=(Body(r"/notices/.*/file", MAX_FILE_BYTES),),
    links=(
        NavLink(
            address="/notices",
            label=lambda words: words.say("Notices to people"),
            icon="phone",
            part=Part.PEOPLE,
            may=lambda standing: standing.role in WRITERS and standing.has_on_area(Right.MANAGE),
        ),
    ),
)
