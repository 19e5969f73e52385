"""Staged roll-out to many nodes: a few, then a quarter, then all; or back to the version before.

Values in, values out; `now` is a parameter. A node that refused the version or fell silent after it
counts as a failure. A roll-out halts by itself at a number of failures that grows with the stage:
never at the first of five hundred, always if nobody of the first stage takes it. Then it rolls
back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final
from uuid import UUID

FEW: Final = 3
QUARTER: Final = 0.25
SETTLE_S: Final = 600.0
"""Observation time of a stage after its last node has the version; most failures come early."""
SILENT_S: Final = 1800.0
"""A node that was connected when told and has not answered for this long is a failure."""
MISHAPS: Final = 0.05
"""Share of a stage's nodes that may fail before a halt; in the first stage none."""


class NodeResult(StrEnum):
    """Result at one node."""

    AHEAD = "ahead"
    """The stage of the node has not begun."""
    WAITING = "waiting"
    """Told, no answer yet."""
    DONE = "done"
    REFUSED = "refused"
    FELL_BACK = "fell_back"


class RolloutState(StrEnum):
    """State of a roll-out."""

    RUNNING = "running"
    DONE = "done"
    HALTED = "halted"
    """Stopped by itself or by a person; the versions before are desired again everywhere."""


@dataclass(frozen=True, slots=True)
class NodeNow:
    """One node of a roll-out."""

    node_id: UUID
    stage: int
    result: NodeResult
    is_here: bool
    """Connected to the broker. A node that is away is told on return, and nobody waits for it."""
    told_utc_us: int | None
    """Time it was first told; None: not yet."""
    lost_utc_us: int | None = None
    """Offline since, if it was connected when told and has not answered."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision about the next action of a roll-out."""

    course: RolloutState
    stage: int
    why: str = ""
    """Reason of a halt: the failed nodes, for the keeper."""


def stage_of_each(node_ids: Sequence[UUID], *, are_here: Mapping[UUID, bool]) -> dict[UUID, int]:
    """Stage of each node: 0 the first few, 1 up to a quarter, 2 the rest.

    The first few are connected nodes, in the given order, so that the stage gives a result.
    """
    ordered = sorted(node_ids, key=lambda one: not are_here.get(one, False))
    few = min(FEW, len(ordered))
    quarter = max(few, ceil(len(ordered) * QUARTER))
    return {
        one: 0 if place < few else 1 if place < quarter else 2 for place, one in enumerate(ordered)
    }


def decide(
    nodes: Sequence[NodeNow], *, stage: int, settled_since_utc_us: int | None, now_utc_us: int
) -> Decision:
    """Next action of a running roll-out.

    `settled_since_utc_us`: since when no node of the stages so far is awaited; None: one still is.
    """
    so_far = [one for one in nodes if one.stage <= stage]
    failed = [one for one in so_far if is_mishap(one, now_utc_us)]
    if len(failed) > _bearable(len(so_far), stage):
        return Decision(RolloutState.HALTED, stage, _why(failed, so_far))
    if any(is_awaited(one, now_utc_us) for one in so_far):
        return Decision(RolloutState.RUNNING, stage)
    if settled_since_utc_us is None or now_utc_us - settled_since_utc_us < SETTLE_S * 1e6:
        return Decision(RolloutState.RUNNING, stage)
    if nodes and not any(one.result is NodeResult.DONE for one in so_far):
        return Decision(RolloutState.RUNNING, stage)  # none of them is connected: no result
    if all(one.stage <= stage for one in nodes):
        return Decision(RolloutState.DONE, stage)
    return Decision(RolloutState.RUNNING, stage + 1)


def is_mishap(node: NodeNow, now_utc_us: int) -> bool:
    """True if the node refused the version or fell silent with it."""
    if node.result in (NodeResult.REFUSED, NodeResult.FELL_BACK):
        return True
    if node.result is not NodeResult.WAITING or node.told_utc_us is None:
        return False
    since_utc_us = node.told_utc_us if node.is_here else node.lost_utc_us
    return since_utc_us is not None and now_utc_us - since_utc_us >= SILENT_S * 1e6


def is_awaited(node: NodeNow, now_utc_us: int) -> bool:
    """True while the stage has to wait for the node's answer."""
    if node.result is not NodeResult.WAITING or is_mishap(node, now_utc_us):
        return False
    return node.is_here or node.lost_utc_us is not None


def _bearable(count: int, stage: int) -> int:
    return 0 if stage == 0 else int(count * MISHAPS)


def _why(failed: Sequence[NodeNow], so_far: Sequence[NodeNow]) -> str:
    counted = {
        "refused it": sum(one.result is NodeResult.REFUSED for one in failed),
        "fell back": sum(one.result is NodeResult.FELL_BACK for one in failed),
        "fell silent": sum(one.result is NodeResult.WAITING for one in failed),
    }
    told = ", ".join(f"{number} {what}" for what, number in counted.items() if number)
    return f"of {len(so_far)} nodes {told}"
