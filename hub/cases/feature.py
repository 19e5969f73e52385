"""Feature: cases, and evidence packages of them."""

from typing import Final

from hub.access.rules.grants import Right
from hub.base.db.table_notes import Mark
from hub.cases import pages, rows
from hub.cases.tables import case_items, case_members, seal_checks
from hub.cases.tables import cases as cases_table
from hub.web.feature import Feature
from hub.web.guard import Body
from hub.web.navigation import NavLink, Part

MAX_PLANS_BYTES: Final = 4 * 1024 * 1024
"""Redaction plans of one package: about 20,000 boxes."""


FEATURE: Final = Feature(
    name="cases",
    templates=("hub.cases",),
    routers=(pages.router,),
    acts=pages.acts,
    details=pages.details,
    tables=(cases_table, case_members, case_items, seal_checks),
    marks=(Mark(seal_checks, ("checked",)),),
    bodies=(Body(r"/cases/.*/export", MAX_PLANS_BYTES),),
    links=(
        NavLink(
            address="/cases",
            label=lambda words: words.say("Cases"),
            icon="case",
            part=Part.FOOTAGE,
            may=lambda standing: standing.has(Right.EXPORT) or standing.numbers["cases"] > 0,
            rail=5,
            is_in_bar=True,
        ),
    ),
    numbers={"cases": rows.NUMBER},
    shortcuts=(
        NavLink(
            address="/cases",
            label=lambda words: words.say("Open a case"),
            icon="case",
            part=Part.FOOTAGE,
            may=lambda standing: standing.has(Right.EXPORT),
        ),
    ),
)
