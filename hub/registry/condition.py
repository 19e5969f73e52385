"""Condition of nodes and cameras: one judgement for every page, from the reports of nodes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agent.wire.presence import Health
from agent.wire.terms import ClockSource
from hub.registry.unheard import unheard_since

HOT_C: Final = 80.0
"""From this temperature on a Raspberry Pi slows down."""
FULL_SHARE: Final = 0.05
"""With less of the disk free than this the oldest footage is removed soon."""
WORN_PERCENT: Final = 80
BACKLOG: Final = 20
"""More waiting events than this are not a short interruption."""
VAGUE_MS: Final = 1_000
DOUBT_US: Final = 86_400_000_000
"""Two nodes under one name, or refused messages, count as a fault for a day."""


class Condition(StrEnum):
    """State of a node or camera, worst first."""

    OFFLINE = "offline"
    """The node has no connection."""
    SILENT = "silent"
    """The node is connected and sends no health report."""
    LOST = "lost"
    """The node gets no picture from the camera, or from one of its cameras."""
    FAULTY = "faulty"
    """The camera works, and its node has a fault."""
    NEVER = "never"
    """The node was never heard of."""
    WELL = "well"


RANKS: Final = {
    Condition.OFFLINE: 4,
    Condition.SILENT: 4,
    Condition.LOST: 3,
    Condition.FAULTY: 2,
    Condition.NEVER: 1,
    Condition.WELL: 0,
}
"""0: works. Higher: worse, and somebody has to look at it."""


class NodeFault(StrEnum):
    """Faults that a technician should look at, in the order of the pages."""

    DOUBLED = "doubled"
    UNRECORDED = "unrecorded"
    VOLTAGE = "voltage"
    HOT = "hot"
    DISK = "disk"
    SHARE = "share"
    CARD = "card"
    BACKLOG = "backlog"
    CLOCK = "clock"
    REFUSED = "refused"
    SET_ASIDE = "set_aside"


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """Facts that the hub has about a node. Times are UTC microseconds by the hub's clock."""

    state: str
    """One of `never`, `online`, `offline`."""
    since_utc_us: int
    """Start of that state."""
    reported_utc_us: int | None
    """Time of the last health report; None: it never sent one."""
    health: Health | None
    """That report; None also if this hub cannot read it."""
    unrecorded_why: str | None
    """Why it records no video; None while it records."""
    is_doubled: bool
    """Two nodes used its name within a day."""
    refused: int
    """Messages of the last day that the hub set aside."""
    is_held_back: bool = False
    """Within a day its uploads waited: it was above its share of the hub's disk."""


@dataclass(frozen=True, slots=True)
class CameraCondition:
    """Condition of a camera, its start (UTC microseconds), and the faults of its node."""

    state: Condition
    since_utc_us: int
    faults: tuple[NodeFault, ...]

    @property
    def has_picture(self) -> bool:
        """True if the camera delivers pictures, as far as is known."""
        return self.state in (Condition.FAULTY, Condition.WELL)


def camera_condition(
    node: NodeFacts, *, is_lost: bool, since_utc_us: int, now_utc_us: int
) -> CameraCondition:
    """Condition of a camera; `since_utc_us`: start of the time with or without a picture."""
    state, node_since_utc_us = node_condition(node, lost=int(is_lost), now_utc_us=now_utc_us)
    is_of_node = state in (Condition.OFFLINE, Condition.SILENT, Condition.NEVER)
    since = node_since_utc_us if is_of_node else since_utc_us
    return CameraCondition(state, since, node_faults(node))


def node_condition(node: NodeFacts, *, lost: int, now_utc_us: int) -> tuple[Condition, int]:
    """The worst known condition of a node with so many lost cameras, and the start of the node's
    silence or of its state."""
    if node.state == "never":
        return Condition.NEVER, node.since_utc_us
    if node.state != "online":
        return Condition.OFFLINE, node.since_utc_us
    silent_utc_us = unheard_since(node.reported_utc_us, node.since_utc_us, now_utc_us)
    if silent_utc_us is not None:
        return Condition.SILENT, silent_utc_us
    if lost:
        return Condition.LOST, node.since_utc_us
    return Condition.FAULTY if node_faults(node) else Condition.WELL, node.since_utc_us


def node_faults(node: NodeFacts) -> tuple[NodeFault, ...]:
    """Faults of a node, in the order of the pages."""
    said = node.health
    found = {
        NodeFault.DOUBLED: node.is_doubled,
        NodeFault.UNRECORDED: node.unrecorded_why is not None,
        NodeFault.REFUSED: node.refused > 0,
        NodeFault.SHARE: node.is_held_back,
        **(_reported(said) if said is not None else {}),
    }
    return tuple(fault for fault in NodeFault if found.get(fault))


def _reported(said: Health) -> dict[NodeFault, bool]:
    board = said.board
    free, size = board.disk_free_bytes, board.disk_size_bytes
    is_full = free is not None and bool(size) and free < FULL_SHARE * (size or 0)
    is_vague = said.stamp.source is ClockSource.NONE or (said.stamp.error_ms or 0) >= VAGUE_MS
    return {
        NodeFault.VOLTAGE: bool(board.is_under_voltage or board.was_under_voltage),
        NodeFault.HOT: bool(board.is_throttled) or (board.temperature_c or 0) >= HOT_C,
        NodeFault.DISK: is_full,
        NodeFault.CARD: (board.card_wear_percent or 0) >= WORN_PERCENT,
        NodeFault.BACKLOG: said.owing.alerts + said.owing.others > BACKLOG,
        NodeFault.CLOCK: is_vague,
        NodeFault.SET_ASIDE: said.lost.set_aside > 0,
    }
