"""What the line needs of whoever carries out what the hub wants of this node as a whole."""

from typing import Protocol
from uuid import UUID

from agent.wire.programs import ProgramsReport, TakePrograms
from agent.wire.settings import Configure, SettingsReport


class SettingsDesk(Protocol):
    """Takes the settings that the hub wants, and answers for those that count."""

    revision: int
    """Grows whenever the hub should hear the report again."""

    def hear(self, said: Configure) -> None:
        """The hub wants these; never raises for what is wrong with them."""

    def report(self) -> SettingsReport:
        """By which settings the node works, and what it made of the last ones."""


class ProgramsDesk(Protocol):
    """Takes the programs that the hub wants, and answers for those that run."""

    revision: int
    """Grows whenever the hub should hear the report again."""

    def hear(self, said: TakePrograms) -> None:
        """The hub wants these."""

    def report(self) -> ProgramsReport:
        """Which run, and what became of the last that were wanted."""


class DiagnosisDesk(Protocol):
    """Brings the hub a file of how this node is."""

    def ask(self, command_id: UUID) -> None:
        """The hub wants one by this name; it says so again until it has it."""
