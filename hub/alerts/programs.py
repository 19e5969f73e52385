"""Which programs are wanted of nodes, as one more word beside their settings, and what they answer.

Wanted in the same layers and going out in the same stages as settings; a node hears of it apart
from them, because a new setting costs it seconds and new programs minutes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from agent.wire.programs import ProgramsReport
from agent.wire.settings import GroupSettings, NodeSettings
from agent.wire.terms import Sha256
from hub.alerts.layers import PROGRAMS, State

TOO_OLD: Final = "its programs are too old to be renewed from the hub: bring this bundle on a stick"


class ProgramsWanted(BaseModel):
    """The section `programs`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bundle: Sha256 | None = None
    may_be_older: Annotated[bool, Field(strict=True)] | None = None
    """Whether a node takes a release that is older than what it runs."""


class GroupWanted(GroupSettings):
    """What may be wanted of every node of a group."""

    programs: ProgramsWanted | None = None


class NodeWanted(NodeSettings):
    """What may be wanted of one node."""

    programs: ProgramsWanted | None = None


def apart(wanted: Mapping[str, Any]) -> tuple[dict[str, Any], ProgramsWanted]:
    """The settings, and the programs."""
    settings = {name: part for name, part in wanted.items() if name != PROGRAMS}
    return settings, ProgramsWanted.model_validate(wanted.get(PROGRAMS) or {})


def judged(report: ProgramsReport, *, version: int, sha256: str | None) -> tuple[State, str]:
    """How far the node has come with these, and the reason where it did not take them."""
    if sha256 is None:
        return State.UNASKED, ""
    last = report.last
    if last is None or (last.version, last.sha256) != (version, sha256):
        return State.WAITING, ""
    match last.outcome:
        case "refused":
            return State.REFUSED, last.reason
        case "fell_back":
            return State.FELL_BACK, last.reason
        case "in_force":
            return State.IN_FORCE, ""
    return State.WAITING, ""
