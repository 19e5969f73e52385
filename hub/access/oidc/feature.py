"""Signing in by an OpenID provider."""

from typing import Final

from hub.access.oidc import pages
from hub.access.signin.provider_port import provider_in
from hub.access.tables import identities
from hub.web.feature import Feature
from hub.web.rate_limits import GUESSES, Rate

FEATURE: Final = Feature(
    name="OpenID Connect",
    routers=(pages.router,),
    tables=(identities,),
    acts=pages.acts,
    details=pages.details,
    rates=(Rate(r"GET|HEAD", r"/(login|proof)/provider(/back)?", GUESSES),),
    shown={"provider": provider_in},
)
