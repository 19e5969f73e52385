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
        """Text of its button, by language."""

    @property
    def issuer(self) -> str:
        """Its issuer name."""

    @property
    def redirect_key(self) -> bytes:
        """Key of the cookie that is kept while a person is there."""

    def address(self, question: SignInAttempt) -> str:
        """Address for the browser; ProviderAwayError."""

    def redeem(
        self, question: SignInAttempt, code: str, *, issuer: str, asked_utc_s: float
    ) -> ProviderPerson:
        """Person of the code; ProviderError."""


def provider_in(services: Services) -> OpenIdProvider | None:
    """The provider; None if there is none."""
    return services.find(OpenIdProvider)  # type: ignore[type-abstract]  # any that fits the port
