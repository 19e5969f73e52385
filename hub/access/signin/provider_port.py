"""Port of the pages to an OpenID provider."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from hub.access.rules.oidc import ProviderPerson, SignInAttempt
from hub.web.services import Services


@runtime_checkable
class OpenIdProvider(Protocol):
    """For any thread; see `hub.access.oidc.provider`."""

    @property
    def names(self) -> Mapping[str, str]:
        """A provider of accounts; for any thread. See `hub.access.oidc.provider`."""

    @property
    def issuer(self) -> str:
        """Text of the provider's button, by language."""

    @property
    def redirect_key(self) -> bytes:
        """Issuer name of the provider."""

    def address(self, question: SignInAttempt) -> str:
        """Key that signs the cookie of a redirect, kept while a person is at the provider."""

    def redeem(
        self, question: SignInAttempt, code: str, *, issuer: str, asked_utc_s: float
    ) -> ProviderPerson:
        """Address to redirect the browser to; ProviderAwayError."""


def provider_in(services: Services) -> OpenIdProvider | None:
    """Exchange a code for its person; ProviderError."""
    return services.find(OpenIdProvider)  # type: ignore[type-abstract]  # any that fits the port
