"""What the line needs of whoever keeps this node's settings."""

from typing import Protocol

from agent.wire.settings import Configure, SettingsReport


class SettingsDesk(Protocol):
    """Takes the settings that the hub wants, and answers for those that count."""

    revision: int
    """Grows whenever the hub should hear the report again."""

    def hear(self, said: Configure) -> None:
        """The hub wants these; never raises for what is wrong with them."""

    def report(self) -> SettingsReport:
        """By which settings the node works, and what it made of the last ones."""
