"""Cases, and evidence packages of them."""

from typing import Final

from hub.cases import pages
from hub.cases.service import CaseService
from hub.cases.tables import case_items, case_members
from hub.cases.tables import cases as cases_table
from hub.web.feature import Feature
from hub.web.guard import Body
from hub.web.visit import Visit

MAX_PLANS_BYTES: Final = 4 * 1024 * 1024
"""Redaction plans of one package: about 20,000 boxes."""


def _has_cases(visit: Visit) -> bool:
    service = visit.use(CaseService)
    return service.may_create(visit.asker) or bool(service.open_cases(visit.asker))


FEATURE: Final = Feature(
    name="cases",
    templates=("hub.cases",),
    routers=(pages.router,),
    tables=(cases_table, case_members, case_items),
    bodies=(Body(r"/cases/.*/export", MAX_PLANS_BYTES),),
    may={"see_cases": _has_cases},
)
