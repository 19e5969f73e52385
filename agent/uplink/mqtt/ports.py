"""Ports of the link to the receivers of node-wide commands."""

from typing import Protocol
from uuid import UUID

from agent.wire.answers import SendExplanation
from agent.wire.programs import ProgramsReport, TakePrograms
from agent.wire.settings import Configure, SettingsReport


class SettingsPort(Protocol):
    """Applies settings desired by the hub and reports the effective ones."""

    revision: int
    """Grows whenever the report should be sent again."""

    def receive(self, said: Configure) -> None:
        """Take settings that the hub wants; never raises for invalid settings."""

    def report(self) -> SettingsReport:
        """Effective settings of the node, and the result of the last desired ones."""


class ReleasePort(Protocol):
    """Installs releases desired by the hub and reports the running one."""

    revision: int
    """Grows whenever the report should be sent again."""

    def receive(self, said: TakePrograms) -> None:
        """Take the release that the hub wants."""

    def report(self) -> ProgramsReport:
        """Running release, and the result of the last desired one."""


class DiagnosisPort(Protocol):
    """Makes and uploads diagnosis files."""

    def ask(self, command_id: UUID) -> None:
        """Make and upload a diagnosis file under this id; the hub repeats the request until it has
        it."""


class ExplanationPort(Protocol):
    """Uploads explanations of missed people."""

    def ask(self, command_id: UUID, wanted: SendExplanation) -> None:
        """Make and upload an explanation under this id; the hub repeats the request until it has
        it."""
