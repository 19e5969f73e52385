"""Notices to the public."""

from typing import Final

from hub.store.notice_door import NoticeService
from hub.store.notice_tables import notice_files, notice_sendings, notice_ways
from hub.store.notice_tables import notices as notices_table
from hub.store.table_notes import Mark
from hub.web import notices
from hub.web.feature import Feature
from hub.web.guard import Body

MAX_FILE_BYTES: Final = 6 * 1024 * 1024
"""Largest picture or voice recording of a notice."""

FEATURE: Final = Feature(
    name="notices",
    routers=(notices.router,),
    tables=(notice_ways, notices_table, notice_files, notice_sendings),
    marks=(Mark(notice_sendings, ("owed", "due", "lease_until")),),
    bodies=(Body(r"/notices/.*/file", MAX_FILE_BYTES),),
    may={"write_notices": lambda visit: visit.use(NoticeService).writes_notices(visit.asker)},
)
