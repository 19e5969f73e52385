"""What the pages need of an OpenID provider."""

from collections.abc import Mapping
from typing import Protocol

from hub.alerts.provided import Known, Question


class OpenIdProvider(Protocol):
    """Asked by any thread; see `hub.provider.provider`."""

    @property
    def names(self) -> Mapping[str, str]:
        """What its button says, by language."""

    @property
    def issuer(self) -> str:
        """Its own name for itself."""

    def address(self, question: Question) -> str:
        """Where the browser is led; ProviderAwayError."""

    def redeem(self, question: Question, code: str, *, issuer: str, asked_utc_s: float) -> Known:
        """Whom the code names; ProviderError."""
