"""How something new goes out to many nodes: to a few, then a quarter, then all; or back again.

Values in, values out, `now` handed in. A node that did not take it, or gave no sign since it was
told, is a mishap. A roll-out stops by itself at a number of them that grows with the stage, never
at the first in five hundred and always when nobody of the few takes it, and then it goes back.
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
"""So long a stage is watched once its last node has it: what falls, falls mostly soon."""
SILENT_S: Final = 1800.0
"""A node that was here when it was told and has not answered for so long is a mishap."""
MISHAPS: Final = 0.05
"""This share of a stage's nodes may fail before all stops; of the few, none."""


class Fate(StrEnum):
    """What became of it at one node."""

    AHEAD = "ahead"
    """Its stage has not come."""
    WAITING = "waiting"
    """It is told, and has not answered."""
    DONE = "done"
    REFUSED = "refused"
    FELL_BACK = "fell_back"


class Course(StrEnum):
    """How a roll-out stands."""

    RUNNING = "running"
    DONE = "done"
    HALTED = "halted"
    """By itself, or by a person: those before are wanted again, everywhere."""


@dataclass(frozen=True, slots=True)
class NodeNow:
    """One node of a roll-out."""

    node_id: UUID
    stage: int
    fate: Fate
    is_here: bool
    """At the broker; one that is away is told when it comes, and is waited for by nobody."""
    told_utc_us: int | None
    """When it was first told; None: not yet."""
    lost_utc_us: int | None = None
    """Since when it is away, if it was here when it was told and has not answered."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done now."""

    course: Course
    stage: int
    why: str = ""
    """Of a halt: which nodes, in words for the keeper."""


def stages(node_ids: Sequence[UUID], *, are_here: Mapping[UUID, bool]) -> dict[UUID, int]:
    """The stage of each node: 0 the few, 1 up to a quarter, 2 the rest.

    The few are nodes that are here, so that something is learnt of them; of those, the order given.
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
    """What a running roll-out does now.

    `settled_since_utc_us`: since when no node of the stages so far is waited for; None: one is.
    """
    so_far = [one for one in nodes if one.stage <= stage]
    failed = [one for one in so_far if is_mishap(one, now_utc_us)]
    if len(failed) > _bearable(len(so_far), stage):
        return Decision(Course.HALTED, stage, _why(failed, so_far))
    if any(is_awaited(one, now_utc_us) for one in so_far):
        return Decision(Course.RUNNING, stage)
    if settled_since_utc_us is None or now_utc_us - settled_since_utc_us < SETTLE_S * 1e6:
        return Decision(Course.RUNNING, stage)
    if nodes and not any(one.fate is Fate.DONE for one in so_far):
        return Decision(Course.RUNNING, stage)  # nobody of them is here: nothing was learnt
    if all(one.stage <= stage for one in nodes):
        return Decision(Course.DONE, stage)
    return Decision(Course.RUNNING, stage + 1)


def is_mishap(node: NodeNow, now_utc_us: int) -> bool:
    """It did not take it, or fell silent with it."""
    if node.fate in (Fate.REFUSED, Fate.FELL_BACK):
        return True
    if node.fate is not Fate.WAITING or node.told_utc_us is None:
        return False
    since_utc_us = node.told_utc_us if node.is_here else node.lost_utc_us
    return since_utc_us is not None and now_utc_us - since_utc_us >= SILENT_S * 1e6


def is_awaited(node: NodeNow, now_utc_us: int) -> bool:
    """The stage is not settled before it has answered, or counts as silent."""
    if node.fate is not Fate.WAITING or is_mishap(node, now_utc_us):
        return False
    return node.is_here or node.lost_utc_us is not None


def _bearable(count: int, stage: int) -> int:
    return 0 if stage == 0 else int(count * MISHAPS)


def _why(failed: Sequence[NodeNow], so_far: Sequence[NodeNow]) -> str:
    counted = {
        "refused it": sum(one.fate is Fate.REFUSED for one in failed),
        "fell back": sum(one.fate is Fate.FELL_BACK for one in failed),
        "fell silent": sum(one.fate is Fate.WAITING for one in failed),
    }
    told = ", ".join(f"{number} {what}" for what, number in counted.items() if number)
    return f"of {len(so_far)} nodes {told}"
