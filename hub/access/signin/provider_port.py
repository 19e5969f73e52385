"""Port of the pages to an OpenID provider."""

from collections.abc import Mapping
from typing import Protocol

from hub.access.rules.oidc import ProviderPerson, SignInAttempt
from hub.web.services import Services


class OpenIdProvider(Protocol):
    """A provider of accounts; for any thread. See `hub.access.oidc.provider`."""

    @property
    def names(self) -> Mapping[str, str]:
        """Text of the provider's button, by language."""

    @property
    def issuer(self) -> str:
        """Issuer name of the provider."""

    @property
    def redirect_key(self) -> bytes:
        """Key that signs the cookie of a redirect, kept while a person is at the provider."""

    def address(self, question: SignInAttempt) -> str:
        """Address to redirect the browser to; ProviderAwayError."""

    def redeem(
        self, question: SignInAttempt, code: str, *, issuer: str, asked_utc_s: float
    ) -> ProviderPerson:
        """Exchange a code for its person; ProviderError."""


def provider_in(services: Services) -> OpenIdProvider | None:
    """The provider; None if there is none."""
    return services.find(OpenIdProvider)  # type: ignore[type-abstract]  # any that fits the port
