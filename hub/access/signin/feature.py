"""Signing in and out, one's own account, and passkeys."""

from typing import Final

from hub.access.signin import account_pages, passkey_pages, reauth_pages, visit
from hub.access.tables import passkeys as passkeys_table
from hub.access.tables import people, sessions, sign_in_failures, spent_challenges
from hub.base.db.table_notes import Mark
from hub.web.feature import Feature
from hub.web.navigation import NavLink, Part
from hub.web.rate_limits import GUESSES, PASSWORDS, PROOFS, Rate

FEATURE: Final = Feature(
    name="sign-in",
    templates=("hub.access.signin",),
    routers=(visit.router,),
    tables=(people, sessions, sign_in_failures),
    marks=(
        Mark(sessions, ("seen", "ends", "proved")),
        Mark(sign_in_failures, ("at",)),
    ),
    acts=visit.acts,
    details=visit.details,
    rates=(Rate(r"POST", r"/login", PASSWORDS),),
)
ACCOUNT: Final = Feature(
    name="account",
    routers=(reauth_pages.router, account_pages.router),
    acts=account_pages.acts,
    details=account_pages.details,
    detail_values={"language": lambda value, _: {"vi": "tiếng Việt", "en": "English"}[value]},
    rates=(Rate(r"POST", r"/proof(/.*)?|/account/password", PROOFS),),
    links=(
        NavLink(
            address="/account",
            label=lambda words: words.say("Password and devices"),
            icon="key",
            part=Part.OWN,
        ),
    ),
    shortcuts=(
        NavLink(
            address="/account",
            label=lambda words: words.say("Change the password"),
            icon="key",
            part=Part.OWN,
        ),
    ),
)
PASSKEYS: Final = Feature(
    name="passkeys",
    routers=(passkey_pages.router,),
    acts=passkey_pages.acts,
    tables=(passkeys_table, spent_challenges),
    marks=(Mark(spent_challenges, ("ends",)),),
    rates=(Rate(r"POST", r"/passkeys?/.*", GUESSES),),
)
