"""Invitations of new people."""

from typing import Final

from hub.store.signin_tables import invitations as invitations_table
from hub.store.table_notes import Mark
from hub.web import invitations
from hub.web.feature import Feature
from hub.web.limits import GUESSES, Rate, Rule

INVITING: Final = Rule("inviting", 60, 3600.0, "session")

FEATURE: Final = Feature(
    name="invitations",
    routers=(invitations.router,),
    tables=(invitations_table,),
    marks=(Mark(invitations_table, ("ends",)),),
    acts=invitations.acts,
    rates=(
        Rate(r"GET|POST", r"/invited/.*", GUESSES),
        Rate(r"POST", r"/invitations", INVITING),
    ),
    may={"invite": lambda visit: visit.site.accounts.invitations.may_invite(visit.asker)},
)
