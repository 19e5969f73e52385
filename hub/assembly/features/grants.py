"""People, and what they may see."""

from typing import Final

from hub.store.grant_door import GrantService
from hub.store.signin_tables import grants as grants_table
from hub.web import grant_words, grants, people
from hub.web.feature import Feature

FEATURE: Final = Feature(
    name="grants",
    routers=(grants.router, people.router),
    services=(GrantService,),
    tables=(grants_table,),
    acts=grant_words.acts,
)
