"""Signing in by an OpenID provider."""

from typing import Final

from hub.store.signin_tables import identities
from hub.web import provider_pages
from hub.web.feature import Feature
from hub.web.limits import GUESSES, Rate

FEATURE: Final = Feature(
    name="OpenID Connect",
    routers=(provider_pages.router,),
    tables=(identities,),
    acts=provider_pages.acts,
    rates=(Rate(r"GET|HEAD", r"/(login|proof)/provider(/back)?", GUESSES),),
)
