"""Signing in and out, one's own account, and passkeys."""

from typing import Final

from hub.store.signin_tables import passkeys as passkeys_table
from hub.store.signin_tables import people, sessions, sign_in_failures, spent_challenges
from hub.store.table_notes import Mark
from hub.web import account, auth, passkeys, proof
from hub.web.feature import Feature
from hub.web.limits import GUESSES, Rate

FEATURE: Final = Feature(
    name="sign-in",
    routers=(auth.router,),
    tables=(people, sessions, sign_in_failures),
    marks=(
        Mark(sessions, ("seen", "ends", "proved")),
        Mark(sign_in_failures, ("at",)),
    ),
    acts=auth.acts,
    rates=(Rate(r"POST", r"/login", GUESSES),),
)
ACCOUNT: Final = Feature(
    name="account",
    routers=(proof.router, account.router),
    rates=(Rate(r"POST", r"/proof(/.*)?|/account/password", GUESSES),),
)
PASSKEYS: Final = Feature(
    name="passkeys",
    routers=(passkeys.router,),
    tables=(passkeys_table, spent_challenges),
    marks=(Mark(spent_challenges, ("ends",)),),
    rates=(Rate(r"POST", r"/passkeys?/.*", GUESSES),),
)
