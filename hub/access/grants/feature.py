"""People, and what they may see."""

from typing import Final

from hub.access.grants import pages, wording
from hub.access.grants.service import GrantService
from hub.access.tables import grants as grants_table
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="grants",
    templates=("hub.access.grants",),
    routers=(pages.router,),
    services=(GrantService,),
    tables=(grants_table,),
    acts=wording.acts,
)
