"""Releases desired for nodes, as one section beside their settings, and the nodes' answers.

They use the same layers and stages as settings but are sent separately: a new setting takes a node
seconds, a new release minutes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from agent.wire.programs import ProgramsReport
from agent.wire.settings import GroupSettings, NodeSettings
from agent.wire.terms import Sha256
from hub.nodes.desired_state.rules.layers import PROGRAMS, SettingsState

TOO_OLD: Final = "its programs are too old to be renewed from the hub: bring this bundle on a stick"


class ProgramsWanted(BaseModel):
    """The section `programs`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bundle: Sha256 | None = None
    may_be_older: Annotated[bool, Field(strict=True)] | None = None
    """True if a node may install a release older than the one it runs."""


class GroupWanted(GroupSettings):
    """Desired state of every node of a group."""

    programs: ProgramsWanted | None = None


class NodeWanted(NodeSettings):
    """Desired state of one node."""

    programs: ProgramsWanted | None = None


def apart(wanted: Mapping[str, Any]) -> tuple[dict[str, Any], ProgramsWanted]:
    """Split the desired state into settings and releases."""
    settings = {name: part for name, part in wanted.items() if name != PROGRAMS}
    return settings, ProgramsWanted.model_validate(wanted.get(PROGRAMS) or {})


def judged(
    report: ProgramsReport, *, version: int, sha256: str | None
) -> tuple[SettingsState, str]:
    """Progress of the node with this release, and the reason if it refused it."""
    if sha256 is None:
        return SettingsState.UNASKED, ""
    last = report.last
    if last is None or (last.version, last.sha256) != (version, sha256):
        return SettingsState.WAITING, ""
    match last.outcome:
        case "refused":
            return SettingsState.REFUSED, last.reason
        case "fell_back":
            return SettingsState.FELL_BACK, last.reason
        case "in_force":
            return SettingsState.IN_FORCE, ""
    return SettingsState.WAITING, ""
