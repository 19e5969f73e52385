"""Invitations of new people."""

from typing import Final

from hub.access.invitations import pages
from hub.access.rules.roles import Role
from hub.access.tables import invitations as invitations_table
from hub.base.db.table_notes import Mark
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part
from hub.web.rate_limits import GUESSES, Rate, RateRule

INVITING: Final = RateRule("inviting", 60, 3600.0, "session")

FEATURE: Final = Feature(
    name="invitations",
    templates=("hub.access.invitations",),
    routers=(pages.router,),
    tables=(invitations_table,),
    marks=(Mark(invitations_table, ("ends",)),),
    acts=pages.acts,
    details=pages.details,
    rates=(
        Rate(r"GET|POST", r"/invited/.*", GUESSES),
        Rate(r"POST", r"/invitations", INVITING),
    ),
    links=(
        NavLink(
            address="/invitations",
            label=lambda words: words.say("Invitations"),
            icon="key",
            part=Part.PEOPLE,
            may=lambda standing: standing.role == Role.KEEPER,
        ),
    ),
    shortcuts=(
        NavLink(
            address="/invitations",
            label=lambda words: words.say("Invite somebody"),
            icon="key",
            part=Part.PEOPLE,
            may=lambda standing: standing.role == Role.KEEPER,
        ),
    ),
)
